import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { median } from './table.ts';
import type { Torch } from './torch.ts';

/**
 * The lowest speed of PyTorch's matrix products that is accepted. If the speed is lower, PyTorch has no fast BLAS, and
 * a comparison is useless. Debian's PyTorch uses the BLAS that is installed.
 */
const minGigaflops = 20;
const size = 1024;

/** The GFLOP/s of ONNX Runtime for the product of two 1024 × 1024 matrices in the file that PyTorch wrote. */
async function product(folder: string): Promise<number> {
  const session = await ort.InferenceSession.create(join(folder, 'product.onnx'), { intraOpNumThreads: 2 });
  const matrix = new ort.Tensor(Float32Array.from({ length: size ** 2 }, Math.random), [size, size]);
  const times: number[] = [];
  for (let i = 0; i < 12; i++) {
    const start = performance.now();
    await session.run({ a: matrix, b: matrix });
    times.push(performance.now() - start);
  }
  await session.release();
  return (2 * size ** 3) / median(times) / 1e6;
}

/** The name of the widest vector registers that the processor reports. */
function registers(): string {
  try {
    const flags = readFileSync('/proc/cpuinfo', 'utf8');
    return flags.includes('avx512f') ? ', AVX-512' : flags.includes('avx2') ? ', AVX2' : '';
  } catch {
    return '';
  }
}

/**
 * Describes the machine, and the libraries that clr and PyTorch use.
 *
 * @throws if PyTorch's matrix products are too slow for a comparison
 */
export async function describeMachine(torch: Torch, folder: string): Promise<string> {
  const { library, gigaflops } = await torch.blas(folder);
  const cores = cpus();
  const speeds = `ONNX Runtime (its own) ${(await product(folder)).toFixed(0)}, PyTorch (${library}) ${gigaflops.toFixed(0)}`;
  const text = `${cores.length} × ${cores[0]?.model.trim()}${registers()}; GFLOP/s of a 1024³ product: ${speeds}`;
  if (gigaflops >= minGigaflops) return text;
  throw new Error(
    `${text}\nPyTorch's products run at less than ${minGigaflops} GFLOP/s: install libopenblas0-pthread, or wait until the machine is free.`,
  );
}
