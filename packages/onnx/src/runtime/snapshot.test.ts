import { adagrad, adam, type Optimizer, rmsProp, sgd } from '@clr/core';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { type ModelSpec, makeModel } from '../../test/makeModel.ts';
import { smallBatch } from '../../test/smallModel.ts';
import { DataType } from '../format/dataType.ts';
import { createTrainer, type OnnxSnapshot, type OnnxTrainer } from '../index.ts';

const { FLOAT } = DataType;
const waves = (length: number, pace: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => Math.sin(pace * (i + 1)));

/** The weights of three layers. The two hidden ones have the same shape. */
const layers = {
  first: { dims: [8, 8], values: waves(64, 0.7) },
  second: { dims: [8, 8], values: waves(64, 1.3) },
  out: { dims: [8, 3], values: waves(24, 2.1) },
} as const;
type Name = keyof typeof layers;

/** The network with its initializers in the given order, under the given names. */
function model(order: readonly Name[], names: Partial<Record<Name, string>> = {}, op = 'Tanh'): Uint8Array {
  const name = (key: Name): string => names[key] ?? key;
  const spec: ModelSpec = {
    inputs: [{ name: 'input', type: FLOAT, dims: ['{batch}', 8] }],
    outputs: [{ name: 'logits', type: FLOAT, dims: ['{batch}', 3] }],
    initializers: order.map((key) => ({ name: name(key), type: FLOAT, ...layers[key] })),
    nodes: [
      { op: 'MatMul', inputs: ['input', name('first')], outputs: ['a'] },
      { op, inputs: ['a'], outputs: ['b'] },
      { op: 'MatMul', inputs: ['b', name('second')], outputs: ['c'] },
      { op: 'Tanh', inputs: ['c'], outputs: ['d'] },
      { op: 'MatMul', inputs: ['d', name('out')], outputs: ['logits'] },
    ],
  };
  return makeModel(spec);
}

const usual: readonly Name[] = ['first', 'second', 'out'];
const momentum = sgd({ momentum: 0.9 });
const trainer = (
  bytes: Uint8Array = model(usual),
  optimizer: Optimizer = momentum,
  trainable?: (name: string) => boolean,
): Promise<OnnxTrainer> =>
  createTrainer(ort, bytes, { loss: 'crossEntropy', optimizer, ...(trainable && { trainable }) });

/** A trainer after a few steps. */
async function trained(...of: Parameters<typeof trainer>): Promise<OnnxTrainer> {
  const made = await trainer(...of);
  for (let step = 0; step < 3; step++) await made.trainStep(smallBatch(step), { lr: 0.1 });
  return made;
}

/** All weights, before and after one more step. The step depends on the optimizer's slots. */
async function behaviour(of: OnnxTrainer): Promise<unknown> {
  const before = await of.parameters();
  const { loss } = await of.trainStep(smallBatch(7), { lr: 0.1 });
  const after = await of.parameters();
  const numbers = (map: typeof before) => usual.map((name) => [...(map.get(name)?.data ?? [])]);
  return { loss: await loss, before: numbers(before), after: numbers(after) };
}

describe('a snapshot', () => {
  it.each([
    ['adam', adam()],
    ['momentum', momentum],
  ])('is matched by name if the initializers are in another order: %s', async (_, optimizer) => {
    const source = await trained(model(usual), optimizer);
    const snapshot = await source.snapshot();
    const other = await trainer(model(['out', 'second', 'first']), optimizer);
    await other.restore(snapshot);
    expect(await behaviour(other)).toEqual(await behaviour(source));
  });

  it('survives structuredClone, and can still be used after it was restored', async () => {
    const source = await trained();
    const snapshot = structuredClone(await source.snapshot());
    const before = structuredClone(snapshot);
    const other = await trainer();
    await other.restore(snapshot);
    expect(await behaviour(other)).toEqual(await behaviour(source));
    expect(snapshot).toEqual(before);
  });

  type Target = () => Promise<OnnxTrainer>;
  it.each<[string, Target, string]>([
    [
      'another optimizer',
      () => trainer(model(usual), adagrad()),
      "its optimizer is sgd, and the model's adagrad",
    ],
    [
      'another definition of velocity',
      () => trainer(model(usual), sgd({ momentum: 0.9, velocity: 'update' })),
      'update',
    ],
    ['a renamed weight', () => trainer(model(usual, { second: 'middle' })), 'middle is missing'],
    [
      'swapped names',
      () => trainer(model(usual, { first: 'second', second: 'first' })),
      'the nodes of its model differ',
    ],
    ['another activation', () => trainer(model(usual, {}, 'Sigmoid')), 'the nodes of its model differ'],
    [
      'a frozen weight',
      () => trainer(model(usual), momentum, (name) => name !== 'first'),
      'first is not in the model',
    ],
  ])('is refused by a trainer with %s, which stays unchanged', async (_, make, difference) => {
    const snapshot = await (await trained()).snapshot();
    const other = await make();
    const before = await other.snapshot();
    await expect(other.restore(snapshot)).rejects.toThrow(difference);
    expect(await other.snapshot()).toEqual(before);
  });

  it('of rmsProp is refused by adagrad, whose slots have the same names and shapes', async () => {
    const snapshot = await (await trained(model(usual), rmsProp())).snapshot();
    const other = await trainer(model(usual), adagrad());
    await expect(other.restore(snapshot)).rejects.toThrow(
      "its optimizer is rmsProp, and the model's adagrad",
    );
  });

  it('of an unfrozen model restores the shared weights of a partly frozen model, and vice versa', async () => {
    const source = await trained();
    const snapshot = await source.snapshot();
    const frozen = await trainer(model(usual), momentum, (name) => name !== 'first');
    await frozen.restore(snapshot, { partial: true });
    const weights = await frozen.parameters();
    expect([...weights.keys()].sort()).toEqual(['out', 'second']);
    expect(weights.get('second')).toEqual((await source.parameters()).get('second'));
    const fresh = await trainer();
    const untouched = (await fresh.parameters()).get('first');
    await fresh.restore(await frozen.snapshot(), { partial: true });
    expect((await fresh.parameters()).get('first')).toEqual(untouched);
    expect((await fresh.parameters()).get('out')).toEqual((await source.parameters()).get('out'));
  });

  it('of another optimizer restores only weights, not slots or steps, if partial', async () => {
    const source = await trained(model(usual), adam());
    const other = await trainer(model(usual), adagrad());
    await other.restore(await source.snapshot(), { partial: true });
    expect(await other.parameters()).toEqual(await source.parameters());
    const { step, state } = await other.snapshot();
    const slots = Object.entries(state).filter(([name]) => name.startsWith('square'));
    expect([step, slots.length]).toEqual([0, 1]);
    expect(new Set(slots.flatMap(([, data]) => [...data]))).toEqual(new Set([0]));
  });

  it('is refused if none of its tensors fits, even with { partial: true }', async () => {
    const snapshot = await (await trained()).snapshot();
    const strange = snapshot.layout.map((vector) => ({
      ...vector,
      parts: vector.parts.map((part) => ({ ...part, name: `other.${part.name}` })),
    }));
    const other = await trainer();
    const before = await other.snapshot();
    await expect(other.restore({ ...snapshot, layout: strange }, { partial: true })).rejects.toThrow(
      /^\[clr\/onnx\] Expected a snapshot with a tensor that fits this model/,
    );
    expect(await other.snapshot()).toEqual(before);
  });

  it('of version 1 is still read', async () => {
    const source = await trained();
    const { layout: _, optimizer: __, graph: ___, ...old } = await source.snapshot();
    const other = await trainer();
    await other.restore({ ...old, version: 1 });
    expect(await behaviour(other)).toEqual(await behaviour(source));
  });

  const broken: [string, (snapshot: OnnxSnapshot) => object][] = [
    ['an empty object', () => ({})],
    ['a snapshot of another package', () => ({ adapter: 'tfjs', version: 2, weights: [] })],
    ['a negative step', (snapshot) => ({ ...snapshot, step: -1 })],
    [
      'a vector that is too short',
      (s) => ({ ...s, state: { ...s.state, 'parameters.0': new Float32Array(3) } }),
    ],
    ['a vector that went through JSON', (s) => ({ ...s, state: JSON.parse(JSON.stringify(s.state)) })],
    [
      'an offset beyond the vector',
      (s) => ({
        ...s,
        layout: s.layout.map((l) => ({ ...l, parts: l.parts.map((p) => ({ ...p, offset: 9e9 })) })),
      }),
    ],
    ['no layout', ({ layout: _, ...rest }) => rest],
  ];
  it.each(broken)('is refused and changes nothing if it is broken: %s', async (_, breaking) => {
    const source = await trained();
    const before = await source.snapshot();
    await expect(source.restore(breaking(before))).rejects.toThrow(/snapshot/);
    await expect(source.restore(breaking(before), { partial: true })).rejects.toThrow(/snapshot/);
    expect(await source.snapshot()).toEqual(before);
  });
});
