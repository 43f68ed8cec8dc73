import { ClrError, constant, rangeTest, sgd, train } from '@clr/core';
import * as ort from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as onnx from '../src/index.ts';
import { oracleModel } from './oracle.ts';
import { smallBatch, smallModel } from './smallModel.ts';

// Mistakes that beginners make. Each must be answered by one clear error that says what to do, before anything is touched.

const model = smallModel();
const right = { loss: 'crossEntropy', optimizer: sgd({ momentum: 0.9 }) } as const;
const create = onnx.createTrainer as (...given: unknown[]) => Promise<onnx.OnnxTrainer>;
const describeIt = onnx.describeModel as (...given: unknown[]) => unknown;
const surgery = onnx as never as Record<string, (...given: unknown[]) => unknown>;
const good = smallBatch(0);
const labels = Float32Array.of(0, 1, 2, 0);
const mlp = oracleModel('mlp').bytes;

let trainer: onnx.OnnxTrainer;
beforeAll(async () => {
  trainer = await onnx.createTrainer(ort, model, right);
});
afterAll(() => trainer.dispose());
const step = (batch: unknown): unknown => trainer.trainStep(batch as onnx.Batch, { lr: 0.1 });

const cases: readonly [mistake: string, call: () => unknown, says: readonly string[]][] = [
  [
    'createTrainer without options',
    () => create(ort, model),
    ['the options of createTrainer', 'loss, optimizer', 'undefined'],
  ],
  ['createTrainer without the runtime', () => create(model, right), ['onnxruntime']],
  [
    'createTrainer with a name for a loss alone',
    () => create(ort, model, 'crossEntropy'),
    ['the options of createTrainer', '"crossEntropy"'],
  ],
  [
    'createTrainer without a loss',
    () => create(ort, model, { optimizer: sgd() }),
    ['loss to be', 'Add loss'],
  ],
  [
    'createTrainer without an optimizer',
    () => create(ort, model, { loss: 'mse' }),
    ['optimizer to be', 'Add optimizer'],
  ],
  [
    'createTrainer with an unknown loss',
    () => create(ort, model, { ...right, loss: 'crossentropy' }),
    ['"crossentropy"', 'crossEntropy'],
  ],
  [
    'createTrainer with the name of an optimizer',
    () => create(ort, model, { ...right, optimizer: 'sgd' }),
    ['optimizer = "sgd"', 'Pass sgd('],
  ],
  [
    'createTrainer with the function of an optimizer',
    () => create(ort, model, { ...right, optimizer: sgd }),
    ['optimizer = a function', 'Pass sgd('],
  ],
  [
    'createTrainer with traiable',
    () => create(ort, model, { ...right, traiable: () => true }),
    ['traiable', 'Did you mean "trainable"?'],
  ],
  [
    'createTrainer with clipnorm',
    () => create(ort, model, { ...right, clipnorm: 1 }),
    ['clipnorm = 1', 'Did you mean "clipNorm"?'],
  ],
  ['createTrainer with lr', () => create(ort, model, { ...right, lr: 0.1 }), ['the unknown option lr = 0.1']],
  [
    'createTrainer with a list of names',
    () => create(ort, model, { ...right, trainable: ['w'] }),
    ['trainable = ["w"]', 'Pass (name) => ["w"].includes(name)'],
  ],
  [
    'createTrainer with one name',
    () => create(ort, model, { ...right, trainable: 'w' }),
    ['trainable = "w"', 'a function of a name'],
  ],
  [
    'createTrainer with a provider of the runtime',
    () => create(ort, model, { ...right, executionProviders: ['webgpu'] }),
    ['executionProviders', 'session'],
  ],
  [
    'createTrainer with a misspelt group',
    () => create(ort, model, { ...right, groups: [{ match: () => true, lrscale: 2 }] }),
    ['lrscale', 'Did you mean "lrScale"?'],
  ],
  [
    'createTrainer with a path that is not there',
    () => create(ort, 'nothing.onnx', right),
    ['"nothing.onnx"', 'Check the path'],
  ],
  [
    'createTrainer with bytes of something else',
    () => create(ort, new TextEncoder().encode('<html>'), right),
    ['the bytes of an ONNX model', 'export or download it again'],
  ],
  ['createTrainer with no bytes', () => create(ort, new Uint8Array(0), right), ['no bytes']],
  [
    'train without await',
    () => train(create(ort, model, right) as never, [good], { policy: constant({ lr: 0.1 }), steps: 1 }),
    ['a promise of one', 'await createTrainer'],
  ],
  [
    'rangeTest without await',
    () => rangeTest(create(ort, model, right) as never, [good]),
    ['a promise of one', 'await createTrainer'],
  ],
  ['a step without a rate', () => trainer.trainStep(good, undefined as never), ['lr = undefined']],
  ['a step with a rate alone', () => trainer.trainStep(good, 0.1 as never), ['lr = undefined']],
  ['a step without a batch', () => step(undefined), ['a batch: tensors by name', 'undefined']],
  [
    'a batch without its target',
    () => step({ input: good.input }),
    ['"input", "target"', 'Add the tensor "target"'],
  ],
  [
    'a batch with labels under another name',
    () => step({ input: good.input, label: good.target }),
    ['"target"', 'Add the tensor "target"'],
  ],
  [
    'a batch of plain numbers',
    () => step({ ...good, input: new Float32Array(32) }),
    ['a Float32Array of 32 numbers', "new ort.Tensor('float32', data, ["],
  ],
  [
    'a batch of plain lists',
    () => step({ ...good, input: [[1, 2]] }),
    ['a tensor for "input"', 'new ort.Tensor'],
  ],
  [
    'a batch of a promise',
    () => step({ ...good, input: Promise.resolve(good.input) }),
    ['a promise (is an `await` missing?)'],
  ],
  [
    'float class labels',
    () => step({ ...good, target: new ort.Tensor('float32', labels, [4]) }),
    ['class labels as int64', 'target as float32 of shape [4]', 'BigInt64Array.from(labels, BigInt)'],
  ],
  [
    'float class labels in a column',
    () => step({ ...good, target: new ort.Tensor('float32', labels, [4, 1]) }),
    ['class labels as int64', 'BigInt64Array.from(labels, BigInt)'],
  ],
  [
    'int32 class labels',
    () => step({ ...good, target: new ort.Tensor('int32', Int32Array.of(0, 1, 2, 0), [4]) }),
    ['int64', 'int32'],
  ],
  [
    'labels from 1',
    () => step({ ...good, target: new ort.Tensor('int64', BigInt64Array.of(1n, 2n, 3n, 1n), [4]) }),
    ['labels from 0 to 2', 'Number the classes from 0'],
  ],
  [
    'another number of features',
    () => step({ ...good, input: new ort.Tensor('float32', new Float32Array(36), [4, 9]) }),
    ['shape [batch, 8]', '[4, 9]'],
  ],
  [
    'fewer labels than examples',
    () => step({ ...good, target: new ort.Tensor('int64', BigInt64Array.of(1n), [1]) }),
    ['shape'],
  ],
  [
    'float64 where float32 is wanted',
    () => step({ ...good, input: new ort.Tensor('float64', new Float64Array(32), [4, 8]) }),
    ['float32', 'float64'],
  ],
  ['a snapshot of nothing', () => trainer.restore(undefined as never), ['snapshot']],
  [
    'describeModel with a misspelt option',
    () => describeIt(model, { bach: 4 }),
    ['bach', 'Did you mean "batch"?'],
  ],
  ['describeModel of a path', () => describeIt('lenet.onnx'), ['the bytes of an ONNX model', 'string']],
  ['replaceHead without classes', () => surgery.replaceHead!(mlp), ['the options of replaceHead', 'classes']],
  ['replaceHead with class', () => surgery.replaceHead!(mlp, { class: 3 }), ['Did you mean "classes"?']],
  [
    'appendDense with a number',
    () => surgery.appendDense!(mlp, 3),
    ['the options of appendDense', '{ units: … }'],
  ],
  ['cutAt of a node', () => surgery.cutAt!(mlp, '/0/Gemm'), ['its output is called "/0/Gemm_output_0"']],
  [
    'freezeExcept without a number',
    () => surgery.freezeExcept!(mlp),
    ['the number of layers to train, from 1 to 3', 'keep = undefined'],
  ],
  ['addLora with r', () => surgery.addLora!(mlp, { r: 4 }), ['the unknown option r = 4', 'rank']],
  ['mergeLora without adapters', () => surgery.mergeLora!(mlp), ['a model with adapters', 'addLora']],
];

describe('a beginner’s mistake', () => {
  it.each(cases)('%s', async (_, call, says) => {
    const error: unknown = await (async () => call())().then(
      () => 'nothing was thrown',
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(ClrError);
    const { message } = error as Error;
    for (const part of says) expect(message).toContain(part);
    // What was expected, what came, what to do, each on its line.
    expect(message).toMatch(/^\[clr\/\w+\] Expected .+\.\nReceived: .+\n.+[.?!]/);
  });
});
