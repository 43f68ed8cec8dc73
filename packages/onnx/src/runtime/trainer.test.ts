import { create as createMessage } from '@bufbuild/protobuf';
import { adam, sgd } from '@clr/core';
import * as ort from 'onnxruntime-node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeModel } from '../../test/makeModel.ts';
import { DataType } from '../format/dataType.ts';
import { narrow } from '../format/half.ts';
import { TensorProtoSchema } from '../generated/onnx_pb.ts';
import { type Batch, createTrainer, type OnnxTrainer, UnsupportedOperatorError } from '../index.ts';

const float = DataType.FLOAT;

/** A classifier with 4 inputs, one hidden layer and 3 classes. */
const classifier = makeModel({
  inputs: [{ name: 'input', type: float, dims: ['{batch}', 4] }],
  outputs: [{ name: 'logits', type: float, dims: ['{batch}', 3] }],
  initializers: [
    { name: 'a', type: float, dims: [4, 5], values: Array.from({ length: 20 }, (_, i) => Math.sin(i)) },
    { name: 'c', type: float, dims: [5, 3], values: Array.from({ length: 15 }, (_, i) => Math.cos(i)) },
  ],
  nodes: [
    { op: 'MatMul', inputs: ['input', 'a'], outputs: ['h'] },
    { op: 'Tanh', inputs: ['h'], outputs: ['t'] },
    { op: 'MatMul', inputs: ['t', 'c'], outputs: ['logits'] },
  ],
});

const input = (n = 6): ort.Tensor =>
  new ort.Tensor(
    'float32',
    Float32Array.from({ length: 4 * n }, (_, i) => Math.sin(i * i)),
    [n, 4],
  );
const labels = (n = 6, at = (i: number): number => i % 3): ort.Tensor =>
  new ort.Tensor(
    'int64',
    BigInt64Array.from({ length: n }, (_, i) => BigInt(at(i))),
    [n],
  );
const good = (n = 6): Batch => ({ input: input(n), target: labels(n) });

const options = { loss: 'crossEntropy', optimizer: sgd({ momentum: 0.9 }) } as const;

describe('a trainer', () => {
  let trainer: OnnxTrainer;
  beforeEach(async () => {
    trainer = await createTrainer(ort, classifier, options);
  });
  afterEach(() => trainer.dispose());

  it('states its update kind', () => {
    expect(trainer.updateKind).toBe('momentum');
  });

  it('learns', async () => {
    const first = await trainer.evaluate([good()]);
    for (let step = 0; step < 200; step++) await trainer.trainStep(good(), { lr: 0.1 });
    const last = await trainer.evaluate([good()]);
    expect(last.loss).toBeLessThan(first.loss / 5);
    expect(last.accuracy).toBe(1);
  });

  it('reports the loss and accuracy before the update, and weights batches by their examples', async () => {
    const { loss, accuracy } = await trainer.evaluate([good(6)]);
    expect(await trainer.trainStep(good(6), { lr: 0 })).toEqual({ loss, accuracy });
    const [six, two] = [await trainer.evaluate([good(6)]), await trainer.evaluate([good(2)])];
    const both = await trainer.evaluate([good(6), good(2)]);
    expect(both.loss).toBeCloseTo((6 * six.loss + 2 * two.loss) / 8, 6);
  });

  it('accepts a distribution instead of labels, with the same result', async () => {
    const shares = new ort.Tensor(
      'float32',
      Float32Array.from({ length: 18 }, (_, i) => (i % 3 === Math.floor(i / 3) % 3 ? 1 : 0)),
      [6, 3],
    );
    const byLabel = await trainer.gradients(good());
    const byShare = await trainer.gradients({ input: input(), target: shares });
    for (const [name, { data }] of byLabel) {
      data.forEach((value, i) => {
        expect(byShare.get(name)?.data[i]).toBeCloseTo(value, 6);
      });
    }
    const { loss } = await trainer.trainStep({ input: input(), target: shares }, { lr: 0.1 });
    expect(loss).toBeGreaterThan(0);
  });

  it('restores a snapshot bit for bit, also in another trainer and through structuredClone', async () => {
    const run = async (on: OnnxTrainer): Promise<unknown[]> => {
      const seen: unknown[] = [];
      for (let step = 0; step < 5; step++)
        seen.push((await on.trainStep(good(), { lr: 0.2, momentum: 0.8 })).loss);
      return [...seen, await on.snapshot()];
    };
    await run(trainer);
    const snapshot = structuredClone(await trainer.snapshot());
    const once = await run(trainer);
    await trainer.restore(snapshot);
    expect(await run(trainer)).toEqual(once);
    const other = await createTrainer(ort, classifier, options);
    await other.restore(snapshot);
    expect(await run(other)).toEqual(once);
    await other.dispose();
  });

  it('stores its number of steps in the snapshot, because Adam needs it', async () => {
    const adams = await createTrainer(ort, classifier, { loss: 'crossEntropy', optimizer: adam() });
    for (let step = 0; step < 3; step++) await adams.trainStep(good(), { lr: 0.01 });
    const snapshot = await adams.snapshot();
    expect(snapshot.step).toBe(3);
    const { loss } = await adams.trainStep(good(), { lr: 0.01 });
    const after = await adams.snapshot();
    await adams.restore(snapshot);
    expect((await adams.trainStep(good(), { lr: 0.01 })).loss).toBe(loss);
    expect(await adams.snapshot()).toEqual(after);
    await adams.dispose();
  });

  it('keeps a snapshot independent of later steps', async () => {
    const snapshot = await trainer.snapshot();
    const copy = structuredClone(snapshot);
    await trainer.trainStep(good(), { lr: 0.5 });
    expect(snapshot).toEqual(copy);
  });

  it('exports the model with the new weights and every other byte unchanged', async () => {
    expect(await trainer.exportModel()).toEqual(classifier);
    await trainer.trainStep(good(), { lr: 0.5 });
    const exported = await trainer.exportModel();
    const parameters = await trainer.parameters();
    expect(exported.length).toBe(classifier.length);
    const changed = classifier.reduce((n, byte, i) => n + (byte === exported[i] ? 0 : 1), 0);
    expect(changed).toBeGreaterThan(20);
    expect(changed).toBeLessThanOrEqual(4 * 35);
    const again = await createTrainer(ort, exported, options);
    expect(await again.parameters()).toEqual(parameters);
    expect((await again.evaluate([good()])).loss).toBe((await trainer.evaluate([good()])).loss);
    await again.dispose();
  });

  it('reports a loss that is not finite instead of throwing', async () => {
    for (let step = 0; step < 4; step++) await trainer.trainStep(good(), { lr: 1e38 });
    const { loss } = await trainer.trainStep(good(), { lr: 1e38 });
    expect(Number.isFinite(await loss)).toBe(false);
  });

  it('runs overlapping calls one after another', async () => {
    const [first, second] = await Promise.all([
      trainer.trainStep(good(), { lr: 0.1 }),
      trainer.trainStep(good(), { lr: 0.1 }),
    ]);
    const other = await createTrainer(ort, classifier, options);
    expect((await other.trainStep(good(), { lr: 0.1 })).loss).toBe(first.loss);
    expect((await other.trainStep(good(), { lr: 0.1 })).loss).toBe(second.loss);
    await other.dispose();
  });

  const badBatches: readonly (readonly [string, () => unknown, RegExp])[] = [
    ['nothing', () => undefined, /Expected a batch/],
    [
      'a missing input',
      () => ({ target: labels() }),
      /Expected a batch with "input", "target"[\s\S]*only target/,
    ],
    ['a missing target', () => ({ input: input() }), /Add the tensor "target"/],
    ['an unknown tensor', () => ({ ...good(), mask: input() }), /also "mask"/],
    [
      'an array instead of a tensor',
      () => ({ input: [1, 2], target: labels() }),
      /Expected a tensor for "input"/,
    ],
    [
      'a wrong rank',
      () => ({ input: new ort.Tensor('float32', new Float32Array(24), [24]), target: labels() }),
      /shape \[batch, 4\][\s\S]*\[24\]/,
    ],
    [
      'a wrong size',
      () => ({ input: new ort.Tensor('float32', new Float32Array(30), [6, 5]), target: labels() }),
      /\[6, 5\]/,
    ],
    [
      'a wrong type',
      () => ({ input: new ort.Tensor('float64', new Float64Array(24), [6, 4]), target: labels() }),
      /type float32[\s\S]*float64/,
    ],
    [
      'a label out of range',
      () => ({ input: input(), target: labels(6, (i) => (i === 4 ? 3 : 0)) }),
      /labels from 0 to 2[\s\S]*target\[4\] = 3/,
    ],
    ['a negative label', () => ({ input: input(), target: labels(6, () => -1) }), /target\[0\] = -1/],
    [
      'sizes that contradict each other',
      () => ({ input: input(6), target: labels(5) }),
      /Expected "target" of shape \[batch\]/,
    ],
    ['no examples', () => ({ input: input(0), target: labels(0) }), /at least one example/],
  ];

  it.each(badBatches)('refuses %s before anything changes', async (_name, make, message) => {
    const before = await trainer.snapshot();
    const batch = make() as Batch;
    await expect(trainer.trainStep(batch, { lr: 0.1 })).rejects.toThrow(message);
    await expect(trainer.evaluate([batch])).rejects.toThrow(message);
    await expect(trainer.gradients(batch)).rejects.toThrow(message);
    expect(await trainer.snapshot()).toEqual(before);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, -0.1, '0.1', undefined])(
    'refuses the rate %s',
    async (lr) => {
      const before = await trainer.snapshot();
      await expect(trainer.trainStep(good(), { lr: lr as number })).rejects.toThrow(
        /\[clr\/core\] Expected lr/,
      );
      expect(await trainer.snapshot()).toEqual(before);
    },
  );

  it('refuses foreign snapshots and changes nothing', async () => {
    const before = await trainer.snapshot();
    const state = { 'parameters.0': new Float32Array(3) };
    for (const snapshot of [
      {},
      null,
      { ...before, version: 3 },
      { ...before, state },
      { ...before, step: -1 },
    ]) {
      await expect(trainer.restore(snapshot as object)).rejects.toThrow(/Expected a( whole)? snapshot/);
    }
    expect(await trainer.snapshot()).toEqual(before);
  });

  it('refuses to evaluate an empty list', async () => {
    await expect(trainer.evaluate([])).rejects.toThrow(/at least one batch/);
  });

  it('finishes pending calls before it disposes, and refuses calls in the meantime', async () => {
    const steps = [0, 1, 2].map(() => trainer.trainStep(good(), { lr: 0.1 }));
    const disposals = [trainer.dispose(), trainer.dispose()];
    const late = trainer.trainStep(good(), { lr: 0.1 });
    await expect(late).rejects.toThrow(/disposed/);
    for (const { loss } of await Promise.all(steps)) expect(await loss).toBeGreaterThan(0);
    await Promise.all(disposals);
  });

  it('refuses calls after dispose, which may be called twice', async () => {
    await trainer.dispose();
    await trainer.dispose();
    await expect(trainer.trainStep(good(), { lr: 0.1 })).rejects.toThrow(/disposed/);
    await expect(trainer.constantAnswer!([good()])).rejects.toThrow(/disposed/);
  });
});

const oneNode = (op: string, domain = '') =>
  makeModel({
    inputs: [{ name: 'x', type: float, dims: ['{batch}', 3] }],
    outputs: [{ name: 'y', type: float, dims: ['{batch}', 3] }],
    initializers: [{ name: 'w', type: float, dims: [3], values: [1, 2, 3] }],
    nodes: [
      { op: 'Mul', inputs: ['x', 'w'], outputs: ['m'] },
      { op, domain, inputs: ['m'], outputs: ['y'], name: 'odd one' },
    ],
  });

describe('models and options that cannot be used', () => {
  it.each([
    [undefined, 'undefined'],
    [{}, 'an object'],
    ['onnxruntime-node', '"onnxruntime-node"'],
  ])('refuses %s instead of a runtime', async (none, shown) => {
    const made = createTrainer(none as never, classifier, { loss: 'crossEntropy', optimizer: sgd() });
    await expect(made).rejects.toThrow(`onnxruntime-web.\nReceived: ort = ${shown}`);
  });

  const create = (model: Uint8Array | string, more: object = {}): Promise<unknown> =>
    createTrainer(ort, model, { ...options, ...more });

  it.each([
    ['no bytes', new Uint8Array(), /Received: no bytes/],
    ['half a model', classifier.slice(0, classifier.length >> 1), /do not decode|without/],
    [
      'text',
      new TextEncoder().encode('this is not a model'),
      /Expected the bytes of an ONNX model|Expected an ONNX model/,
    ],
    ['a number', 7 as unknown as Uint8Array, /Received: 7/],
    ['a path to a missing file', '/nowhere/model.onnx', /readable file[\s\S]*ENOENT/],
  ])('refuses %s as a model', async (_name, model, message) => {
    await expect(create(model)).rejects.toThrow(message);
  });

  it.each([
    ['an unknown loss', { loss: 'hinge' }, /loss = "hinge"/],
    ['an unknown output', { output: 'scores' }, /one of the model's outputs: logits/],
    ['a loss output that is not a scalar', { loss: { output: 'logits' } }, /scalar output/],
    ['an unknown optimizer', { optimizer: { type: 'adamax' } }, /Expected optimizer/],
    ['no optimizer', { optimizer: undefined }, /Expected optimizer/],
    ['no trainable parameter', { trainable: () => false }, /at least one trainable parameter/],
    ['a bad clipNorm', { clipNorm: 0 }, /clipNorm = 0/],
    ['a bad group', { groups: [{ match: () => true, lrScale: -1 }] }, /lrScale = -1/],
  ])('refuses %s', async (_name, more, message) => {
    await expect(create(classifier, more)).rejects.toThrow(message);
  });

  it('refuses a model without parameters', async () => {
    const model = makeModel({
      inputs: [{ name: 'x', type: float, dims: [2, 2] }],
      outputs: [{ name: 'y', type: float, dims: [2, 2] }],
      nodes: [{ op: 'Relu', inputs: ['x'], outputs: ['y'] }],
    });
    await expect(create(model)).rejects.toThrow(/at least one trainable parameter/);
  });

  it.each([
    ['MaxRoiPool', ''],
    ['Teleport', ''],
    ['Gadget', 'com.example'],
  ])('refuses an operator without a gradient: %s', async (op, domain) => {
    const error = await create(oneNode(op, domain)).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(UnsupportedOperatorError);
    expect((error as UnsupportedOperatorError).node).toBe('odd one');
    expect((error as UnsupportedOperatorError).operator).toBe(domain ? `${domain}:${op}` : op);
    expect((error as Error).message).toMatch(/odd one[\s\S]*Freeze|odd one[\s\S]*`trainable`/);
  });

  it('refuses a gradient that is zero everywhere, because nothing would be trained', async () => {
    await expect(create(oneNode('Round'))).rejects.toThrow(/at least one trainable parameter/);
  });

  it('refuses values that are made twice, but accepts nodes out of order', async () => {
    const nodes = [
      { op: 'Relu', inputs: ['m'], outputs: ['y'] },
      { op: 'Mul', inputs: ['x', 'w'], outputs: ['m'] },
    ];
    const spec = {
      inputs: [{ name: 'x', type: float, dims: [2, 3] }],
      outputs: [{ name: 'y', type: float, dims: [2, 3] }],
      initializers: [{ name: 'w', type: float, dims: [3], values: [1, 2, 3] }],
    };
    const trainer = (await create(makeModel({ ...spec, nodes }))) as OnnxTrainer;
    expect([...(await trainer.parameters()).keys()]).toEqual(['w']);
    await trainer.dispose();
    const twice = [...nodes].reverse().concat({ op: 'Relu', inputs: ['m'], outputs: ['y'] });
    await expect(create(makeModel({ ...spec, nodes: twice }))).rejects.toThrow(/makes "y" again/);
  });
});

describe.each([
  ['float16', DataType.FLOAT16],
  ['bfloat16', DataType.BFLOAT16],
] as const)('a model of %s', (_name, type) => {
  const weights = [0.5, -1.25, 2];
  const stored = (): Uint8Array<ArrayBuffer> => new Uint8Array(narrow(weights, type).buffer as ArrayBuffer);
  /** y = (x·w)·½, entirely in 16 bits. */
  const model = makeModel({
    inputs: [{ name: 'x', type, dims: [2, 3] }],
    outputs: [{ name: 'y', type, dims: [2, 3] }],
    tensors: [
      createMessage(TensorProtoSchema, { name: 'w', dataType: type, dims: [3n], rawData: stored() }),
      createMessage(TensorProtoSchema, {
        name: 'half/Const:0',
        dataType: type,
        rawData: new Uint8Array(narrow([0.5], type).buffer as ArrayBuffer),
      }),
    ],
    nodes: [
      { op: 'Mul', inputs: ['x', 'w'], outputs: ['m'] },
      { op: 'Mul', inputs: ['m', 'half/Const:0'], outputs: ['y'] },
    ],
  });
  const x = [1, 2, 3, -1, 0.5, 0.25];
  const batch = {
    x: new ort.Tensor('float32', Float32Array.from(x), [2, 3]),
    target: new ort.Tensor('float32', new Float32Array(6), [2, 3]),
  };

  it('trains in float32, and is exported in its own type', async () => {
    const trainer = await createTrainer(ort, model, { loss: 'mse', optimizer: sgd() });
    const gradient = weights.map((w, i) => {
      const [a, b] = [x[i] as number, x[i + 3] as number];
      return (2 * 0.25 * w * (a * a + b * b)) / 6;
    });
    const found = (await trainer.gradients(batch)).get('w')?.data;
    gradient.forEach((g, i) => {
      expect(found?.[i]).toBeCloseTo(g, 6);
    });
    // The masters keep an update that is far below the last bit of a 16-bit float.
    await trainer.trainStep(batch, { lr: 1e-5 });
    const masters = (await trainer.parameters()).get('w')?.data as Float32Array;
    weights.forEach((w, i) => {
      expect(masters[i]).toBeCloseTo(w - 1e-5 * (gradient[i] as number), 6);
      expect(masters[i]).not.toBe(w);
    });
    expect(await trainer.exportModel()).toEqual(model);
    await trainer.trainStep(batch, { lr: 0.5 });
    const now = (await trainer.parameters()).get('w')?.data as Float32Array;
    const exported = await trainer.exportModel();
    const at = Buffer.from(model).indexOf(stored());
    expect(exported.slice(at, at + 6)).toEqual(new Uint8Array(narrow(now, type).buffer));
    exported.set(stored(), at);
    expect(exported).toEqual(model);
    await trainer.dispose();
  });
});
