import { fromBinary } from '@bufbuild/protobuf';
import { ClrError, sgd } from '@clr/core';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { type InitializerSpec, makeModel, type NodeSpec, type ValueSpec } from '../../test/makeModel.ts';
import { DataType } from '../format/dataType.ts';
import { purposeOf } from '../format/purpose.ts';
import { ModelProtoSchema } from '../generated/onnx_pb.ts';
import { buildTrainingModel, createTrainer, type OnnxTrainer } from '../index.ts';
import { orExplained } from './explainRefusal.ts';

const { FLOAT: float, DOUBLE: double, INT64: long } = DataType;
const session = { logSeverityLevel: 4 } as const;
const options = { loss: { output: 'loss' }, optimizer: sgd(), session } as const;

interface Spec {
  readonly nodes: readonly NodeSpec[];
  readonly type?: number;
  readonly opset?: number;
  readonly inputs?: readonly ValueSpec[];
  readonly values?: readonly ValueSpec[];
  readonly initializers?: readonly InitializerSpec[];
}

/** A model with loss = Σ y, where the nodes compute y from w [2, 3]. */
const model = ({
  nodes,
  type = float,
  opset = 18,
  inputs = [],
  values = [],
  initializers = [],
}: Spec): Uint8Array =>
  makeModel({
    opset,
    inputs,
    values,
    outputs: [{ name: 'loss', type, dims: [] }],
    initializers: [
      { name: 'w', type, dims: [2, 3], values: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6] },
      ...initializers,
    ],
    nodes: [...nodes, { op: 'ReduceSum', inputs: ['y'], outputs: ['loss'], attributes: { keepdims: 0 } }],
  });

const create = (bytes: Uint8Array): Promise<OnnxTrainer> => createTrainer(ort, bytes, options);

async function refusal(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ClrError);
  expect((error as Error).cause).toBeInstanceOf(Error);
  return (error as Error).message;
}

describe('the error for a refusal of the runtime', () => {
  it("does not blame clr's nodes for a refusal of the original model", async () => {
    const step = buildTrainingModel(
      model({ nodes: [{ op: 'Tanh', inputs: ['w'], outputs: ['y'] }] }),
      options,
    );
    const ours = fromBinary(ModelProtoSchema, step.bytes).graph?.node.find(
      (node) => purposeOf(node) !== undefined,
    );
    const refused = { bytes: step.bytes, expected: 'a model', advice: 'Check it.' };
    const work = (): Promise<never> => Promise.reject(new Error(`Node (${ours?.name}) Op (Mul)`));
    const alone = (): Promise<never> => Promise.reject(new Error('Node (plus) Op (Add)'));
    const message = await refusal(orExplained(work(), { ...refused, source: alone }));
    expect(message).toContain('Node (plus) Op (Add)\nONNX Runtime refuses the original model, too.');
    expect(message).not.toContain('clr wrote');
    let released = 0;
    const loads = async () => ({ release: async () => void released++ });
    expect(await refusal(orExplained(work(), { ...refused, source: loads }))).toContain('clr wrote');
    expect(released).toBe(1);
  });

  it('names the node of the model for which clr wrote the refused node', async () => {
    // ONNX Runtime fuses the x·σ(x) in the gradient into an operator for which it has only a float32 kernel.
    const mish = { op: 'Mish', name: 'bend', inputs: ['w'], outputs: ['y'] };
    const bytes = model({ nodes: [mish], type: double });
    await (await ort.InferenceSession.create(bytes, session)).release();
    const message = await refusal(create(bytes));
    expect(message).toMatch(
      /^\[clr\/onnx\] Expected ONNX Runtime to run the nodes that clr adds to the model\./,
    );
    expect(message).toContain('Failed to find kernel for com.microsoft.QuickGelu');
    expect(message).toContain('which clr wrote for the gradient of node "bend" (Mish)');
    expect(message).toContain('The node is not in your model');
  });

  it('names only the node of the model if the runtime refuses that node', async () => {
    const pool = { op: 'GlobalLpPool', name: 'pool', inputs: ['x'], outputs: ['p'] };
    const sum = { op: 'Mul', name: 'product', inputs: ['p', 'w'], outputs: ['y'] };
    const x = { name: 'x', type: float, dims: [1, 1, 2, 2] };
    const message = await refusal(create(model({ nodes: [pool, sum], inputs: [x], opset: 22 })));
    expect(message).toContain('ONNX Runtime refused node "pool" (GlobalLpPool).');
    expect(message).not.toMatch(/clr (wrote|adds)/);
  });

  it('also explains a refusal during a step', async () => {
    // The declared shape of `a` is wrong, so the gradient of the Reshape no longer has the size of w.
    const bytes = model({
      inputs: [{ name: 's', type: long, dims: [2] }],
      values: [{ name: 'a', type: float, dims: ['{n}', 4] }],
      initializers: [{ name: 'v', type: float, dims: [3, 1], values: [1, 2, 3] }],
      nodes: [
        { op: 'Reshape', inputs: ['w', 's'], outputs: ['a'] },
        { op: 'Concat', name: 'join', inputs: ['a', 'v'], outputs: ['y'], attributes: { axis: 1 } },
      ],
    });
    const trainer = await create(bytes);
    const s = new ort.Tensor('int64', BigInt64Array.of(3n, 2n), [2]);
    const before = await trainer.snapshot();
    const message = await refusal(trainer.trainStep({ s }, { lr: 0.1 }));
    expect(message).toContain('which clr wrote for the gradient of node "a" (Reshape)');
    expect(await trainer.snapshot()).toEqual(before);
    await trainer.dispose();
  });

  it('names the node that a batch does not fit, even if the runtime fused it', async () => {
    const bytes = model({
      inputs: [{ name: 'x', type: float, dims: ['{n}', '{k}'] }],
      initializers: [{ name: 'c', type: float, dims: [3], values: [1, 2, 3] }],
      nodes: [
        { op: 'MatMul', name: 'dense/MatMul', inputs: ['x', 'w'], outputs: ['m'] },
        { op: 'Add', name: 'dense/Add', inputs: ['m', 'c'], outputs: ['y'] },
      ],
    });
    const trainer = await create(bytes);
    const x = new ort.Tensor('float32', new Float32Array(8), [2, 4]);
    const message = await refusal(trainer.evaluate([{ x }]));
    expect(message).toContain('ONNX Runtime refused node "dense/MatMul" (MatMul).');
    await trainer.dispose();
  });

  it('names the node that breaks a rule of its operator, not the node that makes its input', async () => {
    const bytes = model({
      nodes: [
        { op: 'Relu', name: 'm', inputs: ['w'], outputs: ['m'] },
        { op: 'Softmax', inputs: ['m'], outputs: ['y'], attributes: { axis: { float: 1 } } },
      ],
    });
    const message = await refusal(create(bytes));
    expect(message).toContain("Mismatched attribute type in ' : axis'");
    expect(message).toContain('ONNX Runtime refused node "y" (Softmax).');
  });
});

describe('the purpose of a node that clr wrote', () => {
  it("is recorded in every node that is not the model's own", () => {
    const nodes = [
      { op: 'Relu', name: 'own', inputs: ['w'], outputs: ['r'] },
      { op: 'LayerNormalization', name: 'norm', inputs: ['r', 'slope'], outputs: ['n'] },
      { op: 'Softmax', name: 'old', inputs: ['n'], outputs: ['y'], attributes: { axis: 0 } },
    ];
    const slope = { name: 'slope', type: float, dims: [3], values: [1, 1, 1] };
    for (const provider of ['cpu', 'webgpu'] as const) {
      const { bytes } = buildTrainingModel(model({ nodes, opset: 11, initializers: [slope] }), {
        ...options,
        provider,
      });
      const written = fromBinary(ModelProtoSchema, bytes).graph?.node ?? [];
      const own = written
        .filter((node) => purposeOf(node) === undefined)
        .map(({ name, opType }) => name || opType);
      expect(own.sort()).toEqual(['ReduceSum', 'norm', 'own']);
      const purposes = new Set(written.map(purposeOf));
      expect([...purposes].filter((text) => text !== undefined).sort()).toEqual([
        'node "old" (Softmax)',
        'the gradient of node "loss" (ReduceSum)',
        'the gradient of node "norm" (LayerNormalization)',
        'the gradient of node "old" (Softmax)',
        'the gradient of node "own" (Relu)',
        'the loss',
        "the optimizer's update",
        'the vector of gradients',
        'the vectors of parameters',
      ]);
    }
  });
});
