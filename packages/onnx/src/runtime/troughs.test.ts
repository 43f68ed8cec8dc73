import { averageWeights, ensemble, sgd } from '@clr/core';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { makeModel, type NodeSpec } from '../../test/makeModel.ts';
import { smallBatch, smallModel } from '../../test/smallModel.ts';
import { DataType } from '../format/dataType.ts';
import { type Batch, buildTrainingModel, createTrainer, type Loss, type OnnxSnapshot } from '../index.ts';

const float = DataType.FLOAT;
const waves = (length: number, pace: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => Math.sin(pace * (i + 1)));
const tensor = (dims: number[], pace: number, shape = (value: number) => value) => {
  const size = dims.reduce((product, dim) => product * dim, 1);
  return new ort.Tensor('float32', waves(size, pace).map(shape), dims);
};
const labels = (...dims: number[]) => {
  const size = dims.reduce((product, dim) => product * dim, 1);
  const values = BigInt64Array.from({ length: size }, (_, i) => BigInt((i * i) % 3));
  return new ort.Tensor('int64', values, dims);
};

/** A convolution along one axis, from 2 channels to 3 classes at each of 5 positions. */
const places = (...tail: NodeSpec[]) =>
  makeModel({
    inputs: [{ name: 'input', type: float, dims: ['{batch}', 2, 5] }],
    outputs: [{ name: 'y', type: float, dims: ['{batch}', 3, 5] }],
    initializers: [{ name: 'weight', type: float, dims: [3, 2, 1], values: waves(6, 0.9) }],
    nodes: [{ op: 'Conv', inputs: ['input', 'weight'], outputs: [tail.length > 0 ? 'c' : 'y'] }, ...tail],
  });
const softmax: NodeSpec = { op: 'Softmax', inputs: ['c'], outputs: ['y'], attributes: { axis: 1 } };
const share = (value: number) => (value + 1) / 2;

const answers: readonly [string, Uint8Array, Loss, Batch][] = [
  ['class indices', smallModel(), 'crossEntropy', smallBatch(1, 5)],
  [
    'class indices at positions',
    places(),
    'crossEntropy',
    { input: tensor([4, 2, 5], 0.7), target: labels(4, 5) },
  ],
  [
    'class indices of a model that ends in Softmax',
    places(softmax),
    'crossEntropy',
    { input: tensor([4, 2, 5], 0.7), target: labels(4, 5) },
  ],
  [
    'a distribution at positions',
    places(),
    'crossEntropy',
    { input: tensor([4, 2, 5], 0.7), target: tensor([4, 3, 5], 1.7, share) },
  ],
  ['values', places(), 'mse', { input: tensor([4, 2, 5], 0.7), target: tensor([4, 3, 5], 1.7) }],
  [
    'binary targets',
    places(),
    'bceWithLogits',
    { input: tensor([4, 2, 5], 0.7), target: tensor([4, 3, 5], 1.7, share) },
  ],
];

describe('predictBatch', () => {
  it.each(answers)('scores %s as evaluate does', async (_, model, loss, batch) => {
    const trainer = await createTrainer(ort, model, { loss, optimizer: sgd() });
    const { outputs, examples, score } = await trainer.predictBatch!(batch);
    expect(examples).toBe(batch.input!.dims[0]);
    if (loss !== 'mse') expect(outputs.every((value) => value > 0 && value < 1)).toBe(true);
    const [scored, evaluated] = [await score(outputs), await trainer.evaluate([batch])];
    expect(scored.loss).toBeCloseTo(evaluated.loss, 5);
    expect(scored.accuracy ?? -1).toBeCloseTo(evaluated.accuracy ?? -1, 6);
    await trainer.dispose();
  });

  it('refuses a bad batch, and is absent if the model computes its own loss', async () => {
    const options = { loss: 'crossEntropy', optimizer: sgd() } as const;
    const trainer = await createTrainer(ort, smallModel(), options);
    await expect(trainer.predictBatch!({})).rejects.toThrow(/^\[clr\/onnx\] Expected a batch with "input"/);
    await trainer.dispose();
    const scalar = makeModel({
      inputs: [{ name: 'input', type: float, dims: [4] }],
      outputs: [{ name: 'y', type: float, dims: [] }],
      initializers: [{ name: 'w', type: float, dims: [4], values: waves(4, 1) }],
      nodes: [
        { op: 'Mul', inputs: ['input', 'w'], outputs: ['p'] },
        { op: 'ReduceMean', inputs: ['p'], outputs: ['y'], attributes: { keepdims: 0 } },
      ],
    });
    const own = await createTrainer(ort, scalar, { loss: { output: 'y' }, optimizer: sgd() });
    expect(own.predictBatch).toBeUndefined();
    expect(() => ensemble(own, [{}])).toThrow(/^\[clr\/core\] Expected a Trainable with predictBatch\(\)/);
    await own.dispose();
  });
});

describe('average', () => {
  /** A batch normalisation over 8 features before the classifier. */
  const normalized = () =>
    makeModel({
      inputs: [{ name: 'input', type: float, dims: ['{batch}', 8] }],
      outputs: [{ name: 'logits', type: float, dims: ['{batch}', 3] }],
      initializers: [
        { name: 'first', type: float, dims: [8, 8], values: waves(64, 0.7) },
        { name: 'scale', type: float, dims: [8], values: new Float32Array(8).fill(1) },
        { name: 'shift', type: float, dims: [8], values: new Float32Array(8) },
        { name: 'mean', type: float, dims: [8], values: new Float32Array(8) },
        { name: 'variance', type: float, dims: [8], values: new Float32Array(8).fill(1) },
        { name: 'last', type: float, dims: [8, 3], values: waves(24, 2.1) },
      ],
      nodes: [
        { op: 'MatMul', inputs: ['input', 'first'], outputs: ['h'] },
        {
          op: 'BatchNormalization',
          inputs: ['h', 'scale', 'shift', 'mean', 'variance'],
          outputs: ['n', 'next.mean', 'next.variance'],
          attributes: { training_mode: 1, momentum: { float: 0.5 } },
        },
        { op: 'MatMul', inputs: ['n', 'last'], outputs: ['logits'] },
      ],
    });
  const batches = [0, 1, 2, 3].map((step) => smallBatch(step, 16));

  it('measures the running statistics of averaged weights again', async () => {
    const options = { loss: 'crossEntropy', optimizer: sgd({ momentum: 0.9 }) } as const;
    const trainer = await createTrainer(ort, normalized(), options);
    const take = async () => (await trainer.snapshot()) as OnnxSnapshot;
    const parts = async () => (await take()).state;
    const snapshots = [await take()];
    for (const batch of batches) await (await trainer.trainStep(batch, { lr: 0.5 })).loss;
    snapshots.push(await take());
    const before = await parts();

    const plain = ((await averageWeights(trainer, snapshots)) as OnnxSnapshot).state;
    for (const name of ['parameters.0', 'buffers.0']) {
      const [a, b] = snapshots.map(({ state }) => state[name]!);
      for (const [i, value] of plain[name]!.entries()) expect(value).toBeCloseTo((a![i]! + b![i]!) / 2, 6);
    }
    expect(plain['velocity.0']).toEqual(before['velocity.0']);

    // After sixteen passes, no trace of the old statistics is left: they depend only on the averaged weights.
    const passes = Array.from({ length: 16 }, () => batches).flat();
    const anew = ((await averageWeights(trainer, snapshots, passes)) as OnnxSnapshot).state;
    expect(anew['parameters.0']).toEqual(plain['parameters.0']);
    expect(anew['velocity.0']).toEqual(before['velocity.0']);
    expect(await parts()).toEqual(before);
    const layout = buildTrainingModel(normalized(), options).state;
    const partOf = (state: OnnxSnapshot['state'], name: string) => {
      const { input, parts } = layout.find((vector) => vector.parts.some((part) => part.name === name))!;
      const { offset, dims } = parts.find((part) => part.name === name)!;
      return [...state[input]!.subarray(offset, offset + dims.reduce((size, dim) => size * dim, 1))];
    };
    const wanted = runningMean(partOf(plain, 'first'), passes);
    const measured = partOf(anew, 'mean');
    for (const [feature, value] of wanted.entries()) expect(measured[feature]).toBeCloseTo(value, 5);
    const averaged = partOf(plain, 'mean');
    expect(Math.max(...measured.map((value, at) => Math.abs(value - averaged[at]!)))).toBeGreaterThan(1e-3);
    await trainer.dispose();
  });

  /** The running mean of h = input · first by the node's definition: half the old mean plus half the batch's. */
  function runningMean(first: readonly number[], all: readonly Batch[]): number[] {
    let mean = Array<number>(8).fill(0);
    for (const { input } of all) {
      const values = input!.data as Float32Array;
      mean = mean.map((old, feature) => {
        let sum = 0;
        for (let row = 0; row < 16; row++) {
          for (let k = 0; k < 8; k++) sum += values[row * 8 + k]! * first[k * 8 + feature]!;
        }
        return old / 2 + sum / 16 / 2;
      });
    }
    return mean;
  }

  it('refuses data that is not a snapshot of this trainer', async () => {
    const trainer = await createTrainer(ort, smallModel(), { loss: 'crossEntropy', optimizer: sgd() });
    expect(trainer.renewStatistics).toBeUndefined();
    await expect(trainer.average([{}])).rejects.toThrow(/^\[clr\/onnx\] Expected a snapshot/);
    const wide = await createTrainer(ort, smallModel(32), { loss: 'crossEntropy', optimizer: sgd() });
    await expect(trainer.average([await trainer.snapshot(), await wide.snapshot()])).rejects.toThrow(
      /^\[clr\/onnx\] Expected a snapshot of this model/,
    );
    await trainer.dispose();
    await wide.dispose();
  });
});
