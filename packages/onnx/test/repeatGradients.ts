import { sgd } from '@clr/core';
import * as ort from 'onnxruntime-node';
import { buildGradientModel, type TrainingOptions } from '../src/index.ts';

/**
 * The result of identical calls: the first call's gradients, and the parameters whose gradients in a later call
 * differed in any bit.
 */
export interface Repeated {
  readonly gradients: ReadonlyMap<string, Float32Array>;
  readonly changed: ReadonlySet<string>;
}

export interface RepeatOptions {
  readonly threads: number;
  readonly calls: number;
  readonly feeds?: Readonly<Record<string, ort.Tensor>>;
  readonly trainable?: TrainingOptions['trainable'];
}

const sameBits = (a: Float32Array, b: Float32Array): boolean =>
  Buffer.from(a.buffer, a.byteOffset, a.byteLength).equals(Buffer.from(b.buffer, b.byteOffset, b.byteLength));

/** Computes a model's gradients several times for the same values. The model's output `loss` is its loss. */
export async function repeatGradients(
  model: Uint8Array,
  { threads, calls, feeds = {}, trainable }: RepeatOptions,
): Promise<Repeated> {
  const {
    bytes,
    state,
    gradients = [],
  } = buildGradientModel(model, {
    loss: { output: 'loss' },
    optimizer: sgd(),
    provider: 'cpu',
    ...(trainable ? { trainable } : {}),
  });
  const session = await ort.InferenceSession.create(bytes, {
    intraOpNumThreads: threads,
    logSeverityLevel: 4,
  });
  const all = { ...feeds };
  for (const { input, initial } of state)
    all[input] = new ort.Tensor('float32', initial as Float32Array, [initial.length]);
  const outputs = gradients.map(({ name }) => name);
  const parts = gradients.flatMap(({ name, parts }) => parts.map((part) => ({ ...part, vector: name })));
  const run = async (): Promise<Map<string, Float32Array>> => {
    const results = await session.run(all, outputs);
    return new Map(
      parts.map(({ name, vector, offset, dims }) => {
        const size = dims.reduce((n, dim) => n * dim, 1);
        return [name, ((results[vector] as ort.Tensor).data as Float32Array).slice(offset, offset + size)];
      }),
    );
  };
  const first = await run();
  const changed = new Set<string>();
  for (let call = 1; call < calls; call++) {
    for (const [name, gradient] of await run()) {
      if (!sameBits(gradient, first.get(name) as Float32Array)) changed.add(name);
    }
  }
  await session.release();
  return { gradients: first, changed };
}

/** The largest difference, relative to the largest element. */
export function relativeDifference(a: Float32Array, b: Float32Array): number {
  let [difference, largest] = [0, 1e-30];
  a.forEach((value, i) => {
    difference = Math.max(difference, Math.abs(value - (b[i] as number)));
    largest = Math.max(largest, Math.abs(value));
  });
  return a.length === b.length ? difference / largest : Number.POSITIVE_INFINITY;
}
