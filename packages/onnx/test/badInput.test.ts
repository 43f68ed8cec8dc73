import { ClrError, constant, rangeTest, sgd, train } from '@clr/core';
import * as ort from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DataType } from '../src/format/dataType.ts';
import * as onnx from '../src/index.ts';
import { makeModel } from './makeModel.ts';
import { oracleModel } from './oracle.ts';
import { smallBatch, smallModel } from './smallModel.ts';

// Mistakes of beginners and of people who fine-tune. Each must give one clear error that says what to do, before
// anything changes.

const model = smallModel();
const right = { loss: 'crossEntropy', optimizer: sgd({ momentum: 0.9 }) } as const;
const create = onnx.createTrainer as (...given: unknown[]) => Promise<onnx.OnnxTrainer>;
const describeIt = onnx.describeModel as (...given: unknown[]) => unknown;
const surgery = onnx as never as Record<string, (...given: unknown[]) => unknown>;
const good = smallBatch(0);
const one = new ort.Tensor('float32', new Float32Array(8), [8]);
const policy = constant({ lr: 0.1 });
const labels = Float32Array.of(0, 1, 2, 0);
const mlp = oracleModel('mlp').bytes;
const adapted = onnx.addLora(mlp, { rank: 2, targets: ['0', '4'] });
const { adapter, config } = onnx.saveLora(adapted);
const convNet = onnx.buildModel({
  input: [3, 8, 8],
  layers: [{ type: 'conv2d', filters: 4, kernel: 3 }, { type: 'relu' }, { type: 'dense', units: 3 }],
});
const spoiled = makeModel({
  inputs: [{ name: 'x', type: DataType.FLOAT, dims: ['{n}', 2] }],
  outputs: [{ name: 'y', type: DataType.FLOAT, dims: ['{n}', 2] }],
  initializers: [{ name: 'w', type: DataType.FLOAT, dims: [2, 2], values: [1, 2, Number.NaN, 4] }],
  nodes: [{ op: 'MatMul', inputs: ['x', 'w'], outputs: ['y'] }],
});
const build = (layers: unknown, input: unknown = [1, 8, 8]): unknown =>
  surgery.buildModel!({ input, layers });
/** Takes a step on each batch with a trainer that caches the features of its frozen layer. */
const cached = async (ids: unknown, ...batches: onnx.Batch[]): Promise<void> => {
  const options = { ...right, trainable: (name: string) => name === 'out.weight', cacheFeatures: ids };
  const head = await create(ort, model, options);
  try {
    for (const batch of batches) await head.trainStep(batch, { lr: 0.1 });
  } finally {
    await head.dispose();
  }
};

const files = { model, mlp, adapted, adapter, convNet, spoiled };
const copies = structuredClone(files);

let trainer: onnx.OnnxTrainer;
let weights: ReadonlyMap<string, onnx.ParameterData>;
beforeAll(async () => {
  trainer = await onnx.createTrainer(ort, model, right);
  weights = await trainer.parameters();
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
    'createTrainer with only the name of a loss',
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
    'createTrainer with the function sgd instead of its result',
    () => create(ort, model, { ...right, optimizer: sgd }),
    ['optimizer = a function', 'Pass sgd('],
  ],
  [
    'createTrainer with the misspelt option traiable',
    () => create(ort, model, { ...right, traiable: () => true }),
    ['traiable', 'Did you mean "trainable"?'],
  ],
  [
    'createTrainer with the misspelt option clipnorm',
    () => create(ort, model, { ...right, clipnorm: 1 }),
    ['clipnorm = 1', 'Did you mean "clipNorm"?'],
  ],
  [
    'createTrainer with the option lr',
    () => create(ort, model, { ...right, lr: 0.1 }),
    ['the unknown option lr = 0.1'],
  ],
  [
    'createTrainer with a list of names as trainable',
    () => create(ort, model, { ...right, trainable: ['w'] }),
    ['trainable = ["w"]', 'Pass (name) => ["w"].includes(name)'],
  ],
  [
    'createTrainer with one name as trainable',
    () => create(ort, model, { ...right, trainable: 'w' }),
    ['trainable = "w"', 'a function of a name'],
  ],
  [
    'createTrainer with executionProviders outside of session',
    () => create(ort, model, { ...right, executionProviders: ['webgpu'] }),
    ['executionProviders', 'session'],
  ],
  [
    'createTrainer with a misspelt field of a group',
    () => create(ort, model, { ...right, groups: [{ match: () => true, lrscale: 2 }] }),
    ['lrscale', 'Did you mean "lrScale"?'],
  ],
  [
    'createTrainer with a path that does not exist',
    () => create(ort, 'nothing.onnx', right),
    ['"nothing.onnx"', 'Check the path'],
  ],
  [
    'createTrainer with the bytes of an HTML page',
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
  ['a step with only a rate', () => trainer.trainStep(good, 0.1 as never), ['lr = undefined']],
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
    'a batch with a Float32Array instead of a tensor',
    () => step({ ...good, input: new Float32Array(32) }),
    ['a Float32Array of 32 numbers', "new ort.Tensor('float32', data, ["],
  ],
  [
    'a batch with nested lists instead of a tensor',
    () => step({ ...good, input: [[1, 2]] }),
    ['a tensor for "input"', 'new ort.Tensor'],
  ],
  [
    'a batch with a promise of a tensor',
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
    'labels that start at 1',
    () => step({ ...good, target: new ort.Tensor('int64', BigInt64Array.of(1n, 2n, 3n, 1n), [4]) }),
    ['labels from 0 to 2', 'Number the classes from 0'],
  ],
  [
    'a wrong number of features',
    () => step({ ...good, input: new ort.Tensor('float32', new Float32Array(36), [4, 9]) }),
    ['shape [batch, 8]', '[4, 9]'],
  ],
  [
    'fewer labels than examples',
    () => step({ ...good, target: new ort.Tensor('int64', BigInt64Array.of(1n), [1]) }),
    ['shape'],
  ],
  [
    'float64 instead of float32',
    () => step({ ...good, input: new ort.Tensor('float64', new Float64Array(32), [4, 8]) }),
    ['float32', 'float64'],
  ],
  ['restore without a snapshot', () => trainer.restore(undefined as never), ['snapshot']],
  [
    'describeModel with a misspelt option',
    () => describeIt(model, { bach: 4 }),
    ['bach', 'Did you mean "batch"?'],
  ],
  [
    'describeModel with a path',
    () => describeIt('lenet.onnx'),
    ['the bytes of an ONNX model', '"lenet.onnx"'],
  ],
  ['replaceHead without classes', () => surgery.replaceHead!(mlp), ['the options of replaceHead', 'classes']],
  [
    'replaceHead with the misspelt option class',
    () => surgery.replaceHead!(mlp, { class: 3 }),
    ['Did you mean "classes"?'],
  ],
  [
    'appendDense with a number',
    () => surgery.appendDense!(mlp, 3),
    ['the options of appendDense', '{ units: … }'],
  ],
  [
    'cutAt with the name of a node',
    () => surgery.cutAt!(mlp, '/0/Gemm'),
    ['its output is called "/0/Gemm_output_0"'],
  ],
  [
    'freezeExcept without a number',
    () => surgery.freezeExcept!(mlp),
    ['the number of layers to train, from 1 to 3', 'keep = undefined'],
  ],
  ['addLora with the option r', () => surgery.addLora!(mlp, { r: 4 }), ['the unknown option r = 4', 'rank']],
  ['mergeLora without adapters', () => surgery.mergeLora!(mlp), ['a model with adapters', 'addLora']],

  // a new model
  ['buildModel without options', () => surgery.buildModel!(), ['the options of buildModel', 'input, layers']],
  [
    'a layer type as in Keras',
    () => build([{ type: 'Dense', units: 3 }]),
    ['"Dense"', 'Did you mean "dense"?'],
  ],
  ['a layer given only by its name', () => build(['relu']), ['Received: "relu"', '{ type: "relu" }']],
  [
    'a misspelt field of a layer',
    () => build([{ type: 'dense', unit: 3 }]),
    ['layer 0 (dense)', 'unit = 3', 'Did you mean "units"?'],
  ],
  [
    'a layer without its size',
    () => build([{ type: 'dense' }]),
    ['units of layer 0 (dense)', 'a whole number', 'units = undefined'],
  ],
  [
    'a kernel larger than the picture',
    () => build([{ type: 'conv2d', filters: 3, kernel: 9 }]),
    ['layer 0 (conv2d) to fit', '9 over 8', 'smaller'],
  ],
  [
    'an input shape that includes the batch',
    () => build([{ type: 'dense', units: 3 }], [32, 1, 28, 28]),
    ['the shape of one example', '[32, 1, 28, 28]', 'Leave out the batch'],
  ],
  [
    'an embedding after another layer',
    () =>
      build(
        [
          { type: 'dense', units: 3 },
          { type: 'embedding', rows: 9, units: 2 },
        ],
        [8],
      ),
    ['an embedding to come first', 'layer 1'],
  ],
  [
    'an empty residual block',
    () =>
      build([
        { type: 'residual', layers: [] },
        { type: 'dense', units: 3 },
      ]),
    ['at least one layer', 'layers = []'],
  ],
  ['no layer with weights', () => build([{ type: 'relu' }]), ['a layer with weights']],

  // surgery
  ['replaceHead with a path', () => surgery.replaceHead!('m.onnx', { classes: 3 }), ['"m.onnx"', 'readFile']],
  [
    'replaceHead without await',
    () => surgery.replaceHead!(trainer.exportModel(), { classes: 3 }),
    ['a promise (is an `await` missing?)'],
  ],
  [
    'replaceHead with names of classes',
    () => surgery.replaceHead!(mlp, { classes: ['cat', 'dog'] }),
    ['classes = ["cat", "dog"]', 'a whole number'],
  ],
  [
    'replaceHead for a head with an adapter',
    () => surgery.replaceHead!(adapted, { classes: 3 }),
    ['"4.lora_sum"', 'mergeLora(model)'],
  ],
  [
    'appendDense with an activation of another library',
    () => surgery.appendDense!(mlp, { units: 3, activation: 'swish' }),
    ['activation to be one of "relu"', 'activation = "swish"'],
  ],
  [
    'appendDense with pooling, although the features are vectors',
    () => surgery.appendDense!(mlp, { units: 3, pool: true }),
    ['feature maps', 'Leave out `pool`'],
  ],
  [
    'appendDense with the name of a pooling',
    () => surgery.appendDense!(mlp, { units: 3, pool: 'mean' }),
    ['pool to be true or false', 'pool = "mean"'],
  ],
  ['cutAt at a weight', () => surgery.cutAt!(model, 'hidden.weight'), ['a value that a node', '"h", "t"']],
  [
    'freezeExcept with more layers than the model has',
    () => surgery.freezeExcept!(mlp, 9),
    ['from 1 to 3', 'keep = 9'],
  ],
  [
    'freezeExcept that picks nothing',
    () => surgery.freezeExcept!(mlp, (name: string) => name === 'fc.weight'),
    ['at least one trainable weight', '0.weight, 0.bias'],
  ],
  [
    'freezeBatchNorm with a list of names',
    () => surgery.freezeBatchNorm!(mlp, { except: ['bn1'] }),
    ['except = ["bn1"]', 'Pass (name) => ["bn1"].includes(name)'],
  ],
  [
    'trainable for another model',
    () => create(ort, model, { ...right, trainable: onnx.freezeExcept(mlp, 1) }),
    ['`trainable` chose none of hidden.weight'],
  ],
  [
    'trainable as a number of layers',
    () => create(ort, model, { ...right, trainable: 1 }),
    ['trainable = 1', 'freezeExcept(model, 1)'],
  ],
  [
    'trainable as a pattern',
    () => create(ort, model, { ...right, trainable: /out/ }),
    ['trainable = /out/', 'Pass (name) => /out/.test(name)'],
  ],

  // LoRA
  [
    'addLora with layers of another model',
    () => surgery.addLora!(mlp, { rank: 2, targets: ['q_proj', 'v_proj'] }),
    ['"q_proj"', 'These can: "0" of node'],
  ],
  ['addLora twice', () => surgery.addLora!(adapted, { rank: 2 }), ['without adapters', 'mergeLora']],
  [
    'addLora with the names of PEFT',
    () => surgery.addLora!(mlp, { rank: 2, lora_alpha: 4 }),
    ['lora_alpha = 4', 'Did you mean "alpha"?'],
  ],
  [
    'isLora for a model without adapters',
    () => create(ort, model, { ...right, trainable: onnx.isLora }),
    ['`trainable` chose none'],
  ],
  [
    'saveLora with a list of names',
    () => surgery.saveLora!(adapted, { and: ['2.weight'] }),
    ['and to be a function', 'Pass (name) => ["2.weight"].includes(name)'],
  ],
  [
    'saveLora with a head that does not exist',
    () => surgery.saveLora!(adapted, { and: (name: string) => name === 'fc.weight' }),
    ['the option `and` to select at least one weight'],
  ],
  ['loadLora without a file', () => surgery.loadLora!(mlp), ['the bytes of a safetensors file', 'undefined']],
  [
    'loadLora with a path',
    () => surgery.loadLora!(mlp, 'adapter_model.safetensors'),
    ['"adapter_model.safetensors"', 'readFile'],
  ],
  [
    'loadLora with half a file',
    () => surgery.loadLora!(mlp, adapter.subarray(0, 200)),
    ['a header of', 'in a file of 200', 'truncated'],
  ],
  [
    'loadLora with an ONNX model',
    () => surgery.loadLora!(mlp, mlp),
    ['a safetensors file', 'of another kind'],
  ],
  [
    'loadLora for another model',
    () => surgery.loadLora!(convNet, adapter),
    ['a layer "0" in the model', 'Check that the file belongs to this model'],
  ],
  [
    'loadLora with the configuration as options',
    () => surgery.loadLora!(mlp, adapter, config),
    ['peft_type', 'alpha'],
  ],
  [
    'mergeLora into integer weights',
    () => onnx.mergeLora(onnx.addLora(onnx.quantizeWeights(mlp, { bits: 8 }), { rank: 2, targets: ['0'] })),
    ['stores as floats', 'DequantizeLinear', 'saveLora'],
  ],

  // integers
  [
    'quantizeWeights with a type as bits',
    () => surgery.quantizeWeights!(mlp, { bits: 'int8' }),
    ['bits = "int8"'],
  ],
  [
    'quantizeWeights twice',
    () => onnx.quantizeWeights(onnx.quantizeWeights(mlp, { bits: 8 }), { bits: 4 }),
    ['only integer weights'],
  ],
  [
    'quantizeWeights with all weights excluded',
    () => onnx.quantizeWeights(mlp, { bits: 8, except: () => true }),
    ['3 weights, all excluded by except'],
  ],
  [
    'quantizeWeights with a NaN in a weight',
    () => onnx.quantizeWeights(spoiled, { bits: 8 }),
    ['w[2] = NaN', 'diverged'],
  ],
  [
    'quantizeWeights to 4 bits with a NaN in a weight',
    () => onnx.quantizeWeights(spoiled, { bits: 4 }),
    ['w[2] = NaN'],
  ],

  // cached features
  ['cacheFeatures as a flag', () => cached(true), ['cacheFeatures = true', 'a function from a batch']],
  [
    'cacheFeatures with nothing frozen',
    () => create(ort, model, { ...right, cacheFeatures: () => [0] }),
    ['a frozen part', 'whose first layer is trained'],
  ],
  [
    'cacheFeatures with a function that returns nothing',
    () => cached(() => undefined, good),
    ['an id', 'undefined'],
  ],
  ['cacheFeatures with too few ids', () => cached(() => [1], good), ['1 ids', '[4, 16]']],
  ['cacheFeatures with bigints', () => cached(() => [0n, 1n, 2n, 3n], good), ['[0n, 1n, 2n, 3n]']],
  ['cacheFeatures with NaN', () => cached(() => good.target!.dims.map(() => Number.NaN), good), ['[NaN]']],
  [
    'cacheFeatures with the position in a batch as an id',
    () => cached(() => [0, 1, 2, 3], good, smallBatch(1)),
    ['to belong to one example', '0 for a second example', 'the whole data set'],
  ],
  [
    'cacheFeatures with one id for two examples of a batch',
    () => cached(() => [0, 1, 1, 2], good),
    ['1 for a second example, at position 2'],
  ],

  // batches
  ['train without batches', () => train(trainer, [], { policy, steps: 2 }), ['none in batches']],
  [
    'train on one batch instead of a list',
    () => train(trainer, good as never, { policy, steps: 2 }),
    ['can be iterated'],
  ],
  [
    'train on a function that returns nothing',
    () => train(trainer, (() => {}) as never, { policy, steps: 2 }),
    ['batches(0)', 'undefined'],
  ],
  [
    'train on an async function',
    () => train(trainer, (async () => [good]) as never, { policy, steps: 2 }),
    ['batches(0)', 'a promise (is an `await` missing?)'],
  ],
  [
    'train on batches that are lists of tensors',
    () => train(trainer, [[good.input, good.target]] as never, { policy, steps: 2 }),
    ['"input", "target"'],
  ],
  [
    'labels below 0',
    () => step({ ...good, target: new ort.Tensor('int64', BigInt64Array.of(-1n, 0n, 1n, 2n), [4]) }),
    ['labels from 0 to 2', 'target[0] = -1'],
  ],
  [
    'bytes of pictures instead of floats',
    () => step({ ...good, input: new ort.Tensor('uint8', new Uint8Array(32), [4, 8]) }),
    ['float32', 'uint8'],
  ],
  ['one example without its batch axis', () => step({ ...good, input: one }), ['[batch, 8]', '[8]']],
  ['one tensor too many', () => step({ ...good, mask: good.input }), ['also "mask"']],
  ['evaluate with one batch instead of a list', () => trainer.evaluate(good as never), ['can be iterated']],

  // options
  ['createTrainer without a model', () => create(ort, undefined, right), ['an ONNX model', 'undefined']],
  [
    'createTrainer with an ArrayBuffer',
    () => create(ort, model.buffer.slice(0), right),
    ['an ArrayBuffer of', 'new Uint8Array(buffer)'],
  ],
  ['a loss name as in Keras', () => create(ort, model, { ...right, loss: 'mae' }), ['"mae"', 'mean "l1"?']],
  [
    'a misspelt option of a loss',
    () => create(ort, model, { ...right, loss: { type: 'crossEntropy', smoothing: 0.1 } }),
    ['smoothing = 0.1', 'Did you mean "labelSmoothing"?'],
  ],
  [
    'class weights for another number of classes',
    () => create(ort, model, { ...right, loss: { type: 'crossEntropy', classWeights: [1, 2] } }),
    ['each of the 3 classes', '2 numbers'],
  ],
  [
    'a group that matches nothing',
    () => create(ort, model, { ...right, groups: [{ match: () => false, lrScale: 0.1 }] }),
    ['groups[0]', 'none of hidden.weight'],
  ],
  [
    'an execution provider as the option provider',
    () => create(ort, model, { ...right, provider: 'cuda' }),
    ['provider = "cuda"', 'executionProviders'],
  ],
  [
    'executionProviders that is not a list',
    () => create(ort, model, { ...right, session: { executionProviders: 'webgpu' } }),
    ['executionProviders = "webgpu"', 'Pass ["webgpu"]'],
  ],
  [
    'exportModel with a folder for external data',
    () => trainer.exportModel({ externalData: 'weights' as never }),
    ['externalData to be a function', 'externalData = "weights"'],
  ],
  [
    'exportModel with a word for nonFinite',
    () => trainer.exportModel({ nonFinite: 'yes' as never }),
    ['nonFinite to be true or false'],
  ],
  ['exportModel to a path', () => trainer.exportModel('out.onnx' as never), ['no path', 'writeFile(path']],
  [
    'formatModel with bytes',
    () => surgery.formatModel!(model),
    ['the result of describeModel', 'Pass describeModel(bytes)'],
  ],
  [
    'buildInitialState with bytes',
    () => surgery.buildInitialState!(model),
    ['the result of buildTrainingModel', 'Uint8Array'],
  ],
];

describe('a beginner’s mistake', () => {
  it.each(cases)('gives one clear error and changes nothing: %s', async (_, call, says) => {
    const error: unknown = await (async () => call())().then(
      () => 'nothing was thrown',
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(ClrError);
    const { message } = error as Error;
    for (const part of says) expect(message).toContain(part);
    // The three parts, each on its own line: what was expected, what was received, what to do.
    expect(message).toMatch(/^\[clr\/\w+\] Expected .+\.\nReceived: .+\n.+[.?!]/);
    // Nothing has changed: files and weights are as before.
    expect(files).toEqual(copies);
    expect(await trainer.parameters()).toEqual(weights);
  });
});
