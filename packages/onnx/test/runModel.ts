import * as ort from 'onnxruntime-node';

/** Runs a model once and returns its outputs by name. */
export async function runModel(
  model: Uint8Array,
  feeds: Readonly<Record<string, ort.Tensor>>,
): Promise<Record<string, ort.Tensor>> {
  const session = await ort.InferenceSession.create(model, { logSeverityLevel: 3 });
  const wanted = Object.fromEntries(session.inputNames.map((name) => [name, feeds[name] as ort.Tensor]));
  const outputs = await session.run(wanted);
  await session.release();
  return outputs as Record<string, ort.Tensor>;
}

/** A float tensor of sine waves, the same in every process. */
export function waves(dims: readonly number[], pace = 0.7, size = 1): ort.Tensor {
  const length = dims.reduce((product, dim) => product * dim, 1);
  const data = Float32Array.from({ length }, (_, i) => size * Math.sin(pace * (i + 1) ** 1.1));
  return new ort.Tensor('float32', data, dims);
}

/** The largest difference between two tensors, relative to the largest element of the first, if that is above 1. */
export function distance(a: ort.Tensor, b: ort.Tensor): number {
  const [left, right] = [a.data as Float32Array, b.data as Float32Array];
  if (left.length !== right.length) return Number.POSITIVE_INFINITY;
  const most = left.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1);
  return (
    left.reduce((largest, value, i) => Math.max(largest, Math.abs(value - (right[i] as number))), 0) / most
  );
}
