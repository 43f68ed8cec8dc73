import { sgd } from '@clr/core';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { oracleModel } from '../../test/oracle.ts';
import { readModel } from '../format/model.ts';
import { declaredType } from '../graph/value.ts';
import { type Batch, buildGradientModel, buildModel, createTrainer, type LayerSpec } from '../index.ts';

const block = (filters: number): LayerSpec[] => [
  { type: 'conv2d', filters, kernel: 3, padding: 1 },
  { type: 'batchNorm' },
  { type: 'relu' },
  { type: 'dropout', rate: 0.25 },
];

/** Six equal layers, each with batch statistics and a dropout mask. */
const deep = buildModel({
  input: [3, 16, 16],
  layers: [
    ...Array.from({ length: 6 }, () => block(8)).flat(),
    { type: 'globalAvgPool' },
    { type: 'dense', units: 5 },
  ],
  seed: 3,
});
const size = 8;
const batchOf = (step: number): Batch => ({
  input: new ort.Tensor(
    Float32Array.from({ length: size * 3 * 16 * 16 }, (_, i) => Math.sin(step * 3.7 + i * 12.9898)),
    [size, 3, 16, 16],
  ),
  target: new ort.Tensor(
    BigInt64Array.from({ length: size }, (_, i) => BigInt((i + step) % 5)),
    [size],
  ),
});
const options = { loss: 'crossEntropy', optimizer: sgd({ momentum: 0.9 }) } as const;
const both = { ...options, deterministic: true };
const again = { checkpoint: 'activations' } as const;

/**
 * The maximum number of elements of intermediate values that are alive at once, if nodes run in the file's order. Views
 * take no memory.
 */
function mostAlive(bytes: Uint8Array): number {
  const { graph } = readModel(bytes);
  const elements = (dims: readonly unknown[] = []): number =>
    dims.reduce<number>((n, dim) => n * (dim as number), 1);
  const sizes = new Map(graph.valueInfo.map((info) => [info.name, elements(declaredType(info).dims)]));
  const owner = new Map<string, string>();
  const ownerOf = (name: string): string => owner.get(name) ?? name;
  const last = new Map<string, number>();
  graph.node.forEach(({ opType, input, output }, i) => {
    if (/^(Reshape|Squeeze|Unsqueeze)$/.test(opType))
      owner.set(output[0] as string, ownerOf(input[0] as string));
    for (const name of [...input, ...output]) last.set(ownerOf(name), i);
  });
  let [alive, most] = [0, 0];
  graph.node.forEach(({ input, output }, i) => {
    const own = new Set(output.filter((name) => ownerOf(name) === name));
    for (const name of own) alive += sizes.get(name) ?? 0;
    most = Math.max(most, alive);
    for (const name of new Set([...input, ...output].map(ownerOf)))
      if (last.get(name) === i) alive -= sizes.get(name) ?? 0;
  });
  return most;
}

describe('checkpoint: activations', () => {
  it('gives bit-identical losses, gradients and exported models, also with batch norms and dropout', async () => {
    const trainers = [
      await createTrainer(ort, deep, both),
      await createTrainer(ort, deep, { ...both, ...again }),
    ];
    const results = [];
    for (const trainer of trainers) {
      const losses = [];
      for (let step = 0; step < 3; step++)
        losses.push(await (await trainer.trainStep(batchOf(step), { lr: 0.05 })).loss);
      const gradients = [...(await trainer.gradients(batchOf(3)))];
      results.push({ losses, gradients, model: await trainer.exportModel() });
      await trainer.dispose();
    }
    expect(results[1]).toEqual(results[0]);
  });

  it('computes convolutions again, also with a dynamic batch axis, and keeps fewer activations at once', () => {
    for (const sizes of [{ input: [size, 3, 16, 16] }, undefined]) {
      const build = { ...options, ...(sizes ? { sizes } : {}) };
      const [plain, saved] = [{}, again].map(
        (more) => buildGradientModel(deep, { ...build, ...more }).bytes,
      ) as [Uint8Array, Uint8Array];
      const convolutions = (bytes: Uint8Array): number =>
        readModel(bytes).graph.node.filter(({ opType }) => opType === 'Conv').length;
      expect(convolutions(saved)).toBeGreaterThan(convolutions(plain));
      if (sizes) expect(mostAlive(saved)).toBeLessThan(0.6 * mostAlive(plain));
    }
  });

  it.each(['lenet', 'cifar-quick', 'resnet-mini', 'encoder', 'bn-frozen'])(
    'does not change the gradients of %s',
    async (name) => {
      const { bytes, loss, batches } = oracleModel(name);
      const found = [];
      for (const more of [{}, again]) {
        const trainer = await createTrainer(ort, bytes, { ...both, loss, ...more });
        found.push([...(await trainer.gradients(batches[0] as unknown as Batch))]);
        await trainer.dispose();
      }
      expect(found[1]).toEqual(found[0]);
    },
  );

  it('does not change a model if it would save no memory', () => {
    const build = { ...options, loss: 'mse' } as const;
    const model = buildModel({ input: [4], layers: [{ type: 'dense', units: 3 }, { type: 'tanh' }] });
    expect(buildGradientModel(model, { ...build, ...again }).bytes).toEqual(
      buildGradientModel(model, build).bytes,
    );
  });

  it('refuses other values', () => {
    for (const checkpoint of [true, 'activation', 4]) {
      expect(() => buildGradientModel(deep, { ...options, checkpoint } as never)).toThrow(
        '[clr/onnx] Expected checkpoint to be "activations"',
      );
    }
  });
});
