import { sgd } from '@clr/core';
import oracle from '@clr/tooling/oracle/losses.json' with { type: 'json' };
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { makeModel } from '../../test/makeModel.ts';
import { DataType } from '../format/dataType.ts';
import { buildTrainingModel, createTrainer, type Loss, type TrainingOptions } from '../index.ts';

const { FLOAT: float } = DataType;

/** A model with y = w, so that the gradient of w equals that of the output. `one` is the batch: a constant 1. */
const outputModel = (dims: readonly number[], values: readonly number[], free = false): Uint8Array =>
  makeModel({
    inputs: [{ name: 'one', type: float, dims: [1] }],
    outputs: [{ name: 'y', type: float, dims: free ? undefined : dims }],
    initializers: [{ name: 'w', type: float, dims, values }],
    nodes: [{ op: 'Mul', inputs: ['w', 'one'], outputs: ['y'] }],
  });
const one = new ort.Tensor('float32', Float32Array.of(1), [1]);

const floats = (values: readonly number[], dims: readonly number[]) =>
  new ort.Tensor('float32', Float32Array.from(values), dims);
const longs = (values: readonly number[], dims: readonly number[]) =>
  new ort.Tensor('int64', BigInt64Array.from(values.map(BigInt)), dims);

const targetOf = (c: (typeof oracle.cases)[number]): ort.Tensor =>
  c.name === 'cross_entropy' || c.name === 'ctc_loss'
    ? longs(c.target, c.targetDims)
    : floats(c.target, c.targetDims);

/** The largest difference divided by the largest expected magnitude. */
const distance = (found: ArrayLike<number>, wanted: readonly number[]): number =>
  Math.max(...wanted.map((value, i) => Math.abs(value - (found[i] as number)))) /
  Math.max(...wanted.map(Math.abs));

describe('a loss', () => {
  it.each(oracle.cases.map((c) => [`${c.name} ${JSON.stringify(c.loss)}`, c] as const))(
    'has the value and gradient of PyTorch, and predictBatch scores like evaluate: %s',
    async (_, c) => {
      const trainer = await createTrainer(ort, outputModel(c.dims, c.output), {
        loss: c.loss as Loss,
        optimizer: sgd(),
      });
      const batch = { one, target: targetOf(c) };
      const gradients = await trainer.gradients(batch);
      expect(distance(gradients.get('w')?.data as Float32Array, c.gradient)).toBeLessThan(1e-6);
      const { loss, accuracy } = await trainer.evaluate([batch]);
      expect(loss).toBeCloseTo(c.value, 5);
      if (c.name === 'ctc_loss') {
        expect(trainer.predictBatch).toBeUndefined();
        return trainer.dispose();
      }
      const { outputs, score } = (await trainer.predictBatch?.(batch)) ?? {};
      const scored = await score?.(outputs as Float32Array);
      expect(scored?.loss).toBeCloseTo(c.value, 5);
      expect(scored?.accuracy).toEqual(accuracy === undefined ? undefined : expect.closeTo(accuracy, 6));
      await trainer.dispose();
    },
  );

  it('for CTC is infinite if an example has too few steps, and accepts sequences of any length', async () => {
    const linear = makeModel({
      inputs: [{ name: 'x', type: float, dims: ['{n}', '{t}', 3] }],
      outputs: [{ name: 'y', type: float, dims: ['{n}', '{t}', 4] }],
      initializers: [
        { name: 'w', type: float, dims: [3, 4], values: Array.from({ length: 12 }, (_, i) => Math.sin(i)) },
      ],
      nodes: [{ op: 'MatMul', inputs: ['x', 'w'], outputs: ['y'] }],
    });
    const trainer = await createTrainer(ort, linear, { loss: 'ctc', optimizer: sgd() });
    const x = (steps: number) =>
      floats(
        Array.from({ length: 6 * steps }, (_, i) => Math.cos(i)),
        [2, steps, 3],
      );
    const target = longs([1, 1, 2, 3, -1, -1], [2, 3]);
    expect((await trainer.evaluate([{ x: x(3), target }])).loss).toBe(Number.POSITIVE_INFINITY);
    const [first] = [await (await trainer.trainStep({ x: x(4), target }, { lr: 0.5 })).loss];
    for (let step = 0; step < 20; step++) await trainer.trainStep({ x: x(4), target }, { lr: 0.5 });
    expect((await trainer.evaluate([{ x: x(4), target }])).loss).toBeLessThan(first);
    await expect(
      trainer.evaluate([{ x: x(4), target: longs([1, 1, 2, 4, -1, -1], [2, 3]) }]),
    ).rejects.toThrow(/4/);
    await expect(trainer.evaluate([{ x: x(4), target: longs([1, 1], [1, 2]) }])).rejects.toThrow(/target/);
    await trainer.dispose();
  });

  it('is the weighted sum of several losses, each with its own target', async () => {
    const [classes, boxes] = [
      oracle.cases.find(({ name }) => name === 'cross_entropy of shares'),
      oracle.cases.find(({ name }) => name === 'huber_loss'),
    ] as [(typeof oracle.cases)[number], (typeof oracle.cases)[number]];
    const model = makeModel({
      inputs: [{ name: 'one', type: float, dims: [1] }],
      outputs: [
        { name: 'classes', type: float, dims: classes.dims },
        { name: 'boxes', type: float, dims: boxes.dims },
      ],
      initializers: [
        { name: 'c', type: float, dims: classes.dims, values: classes.output },
        { name: 'b', type: float, dims: boxes.dims, values: boxes.output },
      ],
      nodes: [
        { op: 'Mul', inputs: ['c', 'one'], outputs: ['classes'] },
        { op: 'Mul', inputs: ['b', 'one'], outputs: ['boxes'] },
      ],
    });
    const loss: Loss = [
      { output: 'classes', loss: 'crossEntropy' },
      { output: 'boxes', loss: 'huber', weight: 0.25, target: 'corners' },
    ];
    const trainer = await createTrainer(ort, model, { loss, optimizer: sgd() });
    const batch = { one, 'target.classes': targetOf(classes), corners: targetOf(boxes) };
    const gradients = await trainer.gradients(batch);
    expect(distance(gradients.get('c')?.data as Float32Array, classes.gradient)).toBeLessThan(1e-6);
    const scaled = boxes.gradient.map((value) => value / 4);
    expect(distance(gradients.get('b')?.data as Float32Array, scaled)).toBeLessThan(1e-6);
    expect((await trainer.evaluate([batch])).loss).toBeCloseTo(classes.value + boxes.value / 4, 5);
    expect(trainer.predictBatch).toBeUndefined();
    await trainer.dispose();
  });

  it('trains on and evaluates two batches with ignored labels like one large batch', async () => {
    const c = oracle.cases.find(
      ({ loss }) => typeof loss === 'object' && loss.ignoreIndex === -100 && 'classWeights' in loss,
    );
    if (!c) throw new Error('no such case');
    const linear = makeModel({
      inputs: [{ name: 'x', type: float, dims: ['{n}', 4] }],
      outputs: [{ name: 'y', type: float, dims: ['{n}', 4] }],
      initializers: [{ name: 'w', type: float, dims: [4, 4], values: c.output.slice(0, 16) }],
      nodes: [{ op: 'MatMul', inputs: ['x', 'w'], outputs: ['y'] }],
    });
    const rows = Array.from({ length: 24 }, (_, i) => Math.sin(i));
    const targets = [0, -100, 2, -100, 1, 3];
    const batch = (from: number, to: number) => ({
      x: floats(rows.slice(4 * from, 4 * to), [to - from, 4]),
      target: longs(targets.slice(from, to), [to - from]),
    });
    const loss = { type: 'crossEntropy', ignoreIndex: -100, classWeights: [0.5, 2, 1, 0.25] } as const;
    const trainer = await createTrainer(ort, linear, { loss, optimizer: sgd() });
    const whole = await trainer.snapshot();
    await trainer.trainStep(batch(0, 6), { lr: 0.5 });
    const wanted = (await trainer.parameters()).get('w')?.data as Float32Array;
    await trainer.restore(whole);
    await trainer.trainStep([batch(0, 2), batch(2, 6)], { lr: 0.5 });
    expect(distance((await trainer.parameters()).get('w')?.data as Float32Array, [...wanted])).toBeLessThan(
      1e-6,
    );
    const parts = await trainer.evaluate([batch(0, 2), batch(2, 6)]);
    expect(parts.loss).toBeCloseTo((await trainer.evaluate([batch(0, 6)])).loss, 5);
    await trainer.dispose();
  });
});

describe('the axis of the classes', () => {
  const tokens = (dims: readonly (number | string)[]) =>
    makeModel({
      inputs: [{ name: 'x', type: float, dims: [...dims.slice(0, -1), 4] }],
      outputs: [{ name: 'y', type: float, dims }],
      initializers: [
        { name: 'w', type: float, dims: [4, 3], values: Array.from({ length: 12 }, (_, i) => Math.cos(i)) },
      ],
      nodes: [{ op: 'MatMul', inputs: ['x', 'w'], outputs: ['y'] }],
    });
  const free = tokens(['{n}', '{t}', 3]);
  const batch = (t: number) => ({
    x: floats(
      Array.from({ length: 8 * t }, (_, i) => Math.sin(i)),
      [2, t, 4],
    ),
    target: longs(
      Array.from({ length: 2 * t }, (_, i) => i % 3),
      [2, t],
    ),
  });

  it('is the last fixed axis if axis 1 is dynamic', async () => {
    const trainer = await createTrainer(ort, free, { loss: 'crossEntropy', optimizer: sgd() });
    const told = await createTrainer(ort, free, {
      loss: { type: 'crossEntropy', axis: -1 },
      optimizer: sgd(),
    });
    expect(await trainer.gradients(batch(5))).toEqual(await told.gradients(batch(5)));
    await expect(trainer.gradients(batch(3))).rejects.toThrow(
      /fits two axes of the logits.*\nState the axis/,
    );
    expect((await told.gradients(batch(3))).size).toBe(1);
    await trainer.dispose();
    await told.dispose();
  });

  it('is refused if two axes have the same size, or if the output has no such axis', () => {
    const build =
      (loss: Loss, dims: readonly (number | string)[] = ['{n}', 3, 3]) =>
      () =>
        buildTrainingModel(tokens(dims), { loss, optimizer: sgd() });
    expect(build('crossEntropy')).toThrow(/axes 1 and 2 have the same size/);
    expect(build({ type: 'crossEntropy', axis: 2 })).not.toThrow();
    expect(build({ type: 'crossEntropy', axis: 3 })).toThrow(/one of the axes 1 to 2/);
    expect(build({ type: 'crossEntropy', axis: 2, classWeights: [1, 2] })).toThrow(
      /a weight for each of the 3 classes/,
    );
  });

  it.each([1, 2])(
    'is the axis of the model’s own Softmax if two axes have the same size: %i',
    async (axis) => {
      const square = (last: object) =>
        makeModel({
          inputs: [{ name: 'x', type: DataType.FLOAT, dims: ['{n}', 3, 3] }],
          outputs: [{ name: 'y', type: DataType.FLOAT, dims: ['{n}', 3, 3] }],
          initializers: [
            {
              name: 'w',
              type: DataType.FLOAT,
              dims: [3, 3],
              values: [0.5, -1, 2, 1, 0.3, -0.7, 0.2, 0.9, -2],
            },
          ],
          nodes: [
            { op: 'MatMul', inputs: ['x', 'w'], outputs: ['z'] },
            { op: 'Identity', inputs: ['z'], outputs: ['y'], ...last },
          ],
        });
      const batch = {
        x: floats(
          Array.from({ length: 18 }, (_, i) => Math.sin(i)),
          [2, 3, 3],
        ),
        target: longs([0, 1, 2, 2, 1, 0], [2, 3]),
      };
      const own = await createTrainer(ort, square({ op: 'Softmax', attributes: { axis } }), {
        loss: 'crossEntropy',
        optimizer: sgd(),
      });
      const told = await createTrainer(ort, square({}), {
        loss: { type: 'crossEntropy', axis },
        optimizer: sgd(),
      });
      expect((await own.evaluate([batch])).loss).toBeCloseTo((await told.evaluate([batch])).loss, 6);
      await own.dispose();
      await told.dispose();
    },
  );

  it('can be given with ignoreIndex, and a batch whose labels are all ignored is refused', async () => {
    const loss = { type: 'crossEntropy', axis: -1, ignoreIndex: 9 } as const;
    const trainer = await createTrainer(ort, free, { loss, optimizer: sgd() });
    const nothing = { ...batch(2), target: longs([9, 9, 9, 9], [2, 2]) };
    await expect(trainer.trainStep(nothing, { lr: 1 })).rejects.toThrow(/only the label 9, which is ignored/);
    await expect(
      trainer.trainStep({ ...batch(2), target: longs([9, 9, 9, -1], [2, 2]) }, { lr: 1 }),
    ).rejects.toThrow(/target\[3\] = -1/);
    await trainer.dispose();
  });
});

it('refuses a batch in which only classes of weight 0 occur, because its mean loss would be 0 / 0', async () => {
  const loss = { type: 'crossEntropy', classWeights: [1, 0] } as const;
  const trainer = await createTrainer(ort, outputModel([2, 2], [1, 2, 3, 4]), { loss, optimizer: sgd() });
  const refused = trainer.trainStep({ one, target: longs([1, 1], [2]) }, { lr: 1 });
  await expect(refused).rejects.toThrow(/whose class has the weight 0\nLeave such batches out/);
  const { loss: kept } = await trainer.trainStep({ one, target: longs([0, 1], [2]) }, { lr: 1 });
  expect(Number.isFinite(await kept)).toBe(true);
  await trainer.dispose();
});

describe('a wrong option of a loss', () => {
  const wrong: readonly (readonly [loss: unknown, RegExp, others?: Partial<TrainingOptions>])[] = [
    [{ type: 'crossentropy' }, /Expected loss to be "crossEntropy".*\n?.*Received: loss = /],
    [{ type: 'crossEntropy', axes: 1 }, /no other options than type, axis, .*axes = 1\nDid you mean "axis"/s],
    [{ type: 'crossEntropy', axis: 0 }, /Received: axis = 0/],
    [{ type: 'crossEntropy', labelSmoothing: 1 }, /Received: labelSmoothing = 1/],
    [{ type: 'crossEntropy', classWeights: [0, 0] }, /not all of them 0/],
    [{ type: 'crossEntropy', ignoreIndex: 0.5 }, /Received: ignoreIndex = 0.5/],
    [{ type: 'huber', delta: 0 }, /Received: delta = 0/],
    [{ type: 'mse', delta: 1 }, /unknown option delta = 1/],
    [[], /at least one loss/],
    [['mse'], /loss\[0\] to be an object/],
    [[{ loss: 'mse' }], /loss\[0\] to be an object/],
    [[{ output: 'y', loss: 'mse', weight: Number.NaN }], /Received: weight = NaN/],
    [
      [
        { output: 'y', loss: 'mse', target: 't' },
        { output: 'y', loss: 'l1', target: 't' },
      ],
      /"t" twice/,
    ],
    [[{ output: 'z', loss: 'mse' }], /one of the model's outputs: y/],
    [{ output: 'y' }, /no option output.*Received: output = "y"/s, { output: 'y' }],
    [
      'mse',
      /option target only for cross-entropy.*Received: target = "distribution"/s,
      { target: 'distribution' },
    ],
  ];

  it.each(wrong)('is refused: %j', (loss, message, others) => {
    const model = outputModel([2, 2], [1, 2, 3, 4]);
    const build = () =>
      buildTrainingModel(model, { loss: loss as Loss, optimizer: sgd(), ...(others as object) });
    expect(build).toThrow(message);
  });
});
