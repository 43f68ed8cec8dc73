import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** The hyperparameters of clr and of PyTorch. The optimizer is PyTorch's SGD. */
export const training = { momentum: 0.9, weightDecay: 1e-3 } as const;

/** A process that runs PyTorch. It answers each line of JSON with one line of JSON. */
export interface Torch {
  readonly versions: () => Promise<string>;
  /**
   * Returns the library behind PyTorch's matrix products, and the GFLOP/s of a product of two 1024 × 1024 matrices.
   * Also writes the product as product.onnx.
   */
  readonly blas: (folder: string) => Promise<{ library: string; gigaflops: number }>;
  /** Makes a net. If a folder is given, writes the net into it as ONNX, with its batch. Returns the batch's shape. */
  readonly prepare: (net: string, batch: number, folder?: string) => Promise<number[]>;
  readonly steps: (count: number, lr: number) => Promise<{ milliseconds: number[]; losses: number[] }>;
  /** The milliseconds that each operator takes in a step, the lowest of several steps, from PyTorch's profiler. */
  readonly profile: (count: number, lr: number) => Promise<Record<string, number>>;
  /** The process's peak memory in MiB. */
  readonly peak: () => Promise<number>;
  readonly close: () => void;
}

/** Starts a process of Python that runs PyTorch. `python` needs the packages torch and onnx. */
export function startTorch(python: string = process.env.CLR_PYTHON ?? '/usr/bin/python3'): Torch {
  const script = new URL('torch_worker.py', import.meta.url).pathname;
  const child = spawn(python, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (command: string, request: object = {}): Promise<Record<string, unknown>> => {
    child.stdin.write(`${JSON.stringify({ command, ...request })}\n`);
    const { value, done } = await lines.next();
    if (done) throw new Error(`PyTorch's process ended during "${command}"`);
    return JSON.parse(value) as Record<string, unknown>;
  };
  return {
    versions: async () => (await ask('versions')).versions as string,
    blas: async (folder) => (await ask('blas', { folder })) as { library: string; gigaflops: number },
    prepare: async (net, batch, folder) =>
      (await ask('prepare', { net, batch, ...training, ...(folder ? { folder } : {}) })).shape as number[],
    steps: async (count, lr) =>
      (await ask('steps', { count, lr })) as { milliseconds: number[]; losses: number[] },
    profile: async (count, lr) => (await ask('profile', { count, lr })).operators as Record<string, number>,
    peak: async () => (await ask('memory')).peak as number,
    close: () => {
      child.stdin.end();
    },
  };
}
