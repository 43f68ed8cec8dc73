import type { Batch, Tensor } from './ort.ts';

const isFloats = (data: unknown): data is Float32Array | Float64Array =>
  data instanceof Float32Array || data instanceof Float64Array;

/** Describes the first value of a tensor that is not finite, if there is one. */
function faultIn(name: string, { dims, data }: Tensor): string | undefined {
  if (!isFloats(data)) return undefined;
  const at = data.findIndex((value) => !Number.isFinite(value));
  if (at < 0) return undefined;
  let rest = at;
  const position: number[] = [];
  for (const size of [...dims].reverse()) {
    position.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  const [example, ...inside] = position;
  const where = inside.length > 0 ? ` at [${inside.join(', ')}]` : '';
  return `"${name}" of example ${example ?? 0} is ${data[at]}${where}`;
}

/**
 * Describes the first value of a batch that is not finite: `"image" of example 3 is NaN at [0, 14, 5]`. Examples and
 * positions count from 0. Tensors on a device are not examined.
 */
export function dataFault(batch: Batch | readonly Batch[]): string | undefined {
  const batches: readonly Batch[] = Array.isArray(batch) ? batch : [batch as Batch];
  for (const [part, tensors] of batches.entries()) {
    for (const [name, tensor] of Object.entries(tensors)) {
      const fault = tensor.location === 'cpu' ? faultIn(name, tensor) : undefined;
      if (fault !== undefined) return batches.length > 1 ? `${fault}, in batch ${part} of the step` : fault;
    }
  }
  return undefined;
}
