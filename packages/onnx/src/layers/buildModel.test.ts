import { sgd } from '@clr/core';
import oracle from '@clr/tooling/oracle/layers.json' with { type: 'json' };
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { relativeError } from '../../test/oracleModel.ts';
import { runModel } from '../../test/runModel.ts';
import { readModel, writeModel } from '../format/model.ts';
import { dimsOf, floatData } from '../format/tensor.ts';
import {
  type BuildModelOptions,
  buildModel,
  createTrainer,
  describeModel,
  type LayerSpec,
} from '../index.ts';

interface Described {
  readonly shape: readonly number[];
  readonly data: string;
}
interface Case {
  readonly name: string;
  readonly input: number[];
  readonly layers: readonly LayerSpec[];
  readonly x: { readonly shape: number[]; readonly data?: string; readonly tokens?: number[] };
  readonly target: Described;
  readonly output: Described;
  readonly loss: number;
  readonly weights: Readonly<Record<string, Described>>;
  readonly gradients: Readonly<Record<string, string>>;
}
const cases = oracle.cases as unknown as readonly Case[];

const floats = (base64: string): Float32Array =>
  new Float32Array(new Uint8Array(Buffer.from(base64, 'base64')).buffer);
const tensor = ({ shape, data }: Described): ort.Tensor => new ort.Tensor('float32', floats(data), shape);
const inputOf = ({ x }: Case): ort.Tensor =>
  x.tokens
    ? new ort.Tensor('int64', BigInt64Array.from(x.tokens, BigInt), x.shape)
    : new ort.Tensor('float32', floats(x.data as string), x.shape);

/** The model with PyTorch's weights instead of its own. */
function withWeights(model: Uint8Array, weights: Case['weights']): Uint8Array {
  const { proto, graph } = readModel(model);
  for (const [name, { shape, data }] of Object.entries(weights)) {
    const stored = graph.initializer.find((each) => each.name === name);
    expect([name, stored && dimsOf(stored)]).toEqual([name, shape]);
    stored!.rawData = new Uint8Array(floats(data).buffer);
  }
  return writeModel(proto);
}

const floatsOf = (model: Uint8Array): Record<string, Float32Array> =>
  Object.fromEntries(
    readModel(model)
      .graph.initializer.filter(({ dataType }) => dataType === 1)
      .map((each) => [each.name, floatData(each)]),
  );

describe('a built model compared with the same model in PyTorch', () => {
  it.each(cases.map((each) => [each.name, each] as const))(
    'gives the same outputs and gradients: %s',
    async (_, given) => {
      const { input, layers, weights, gradients, output, target, loss } = given;
      const model = withWeights(buildModel({ input, layers }), weights);
      const x = inputOf(given);
      const found = await runModel(model, { input: x });
      expect(found.output?.dims).toEqual(output.shape);
      expect(relativeError(found.output!.data as Float32Array, floats(output.data), 1)).toBeLessThan(1e-5);
      const trainer = await createTrainer(ort, model, {
        loss: 'mse',
        optimizer: sgd(),
        ...(typeof input[0] === 'number' ? { sizes: { input: x.dims as number[] } } : {}),
      });
      const batch = { input: x, target: tensor(target) };
      const own = await trainer.gradients(batch);
      expect([...own.keys()].sort()).toEqual(Object.keys(gradients).sort());
      for (const [name, data] of Object.entries(gradients)) {
        expect([name, relativeError(own.get(name)!.data, floats(data), 0.01) < 1e-5]).toEqual([name, true]);
      }
      expect(await (await trainer.trainStep(batch, { lr: 0.1 })).loss).toBeCloseTo(loss, 5);
      await trainer.dispose();
    },
  );

  it('covers every kind of layer', () => {
    const kinds = new Set<string>();
    const see = (layers: readonly LayerSpec[]): void => {
      for (const layer of layers) {
        kinds.add(layer.type);
        if (layer.type === 'residual') for (const inner of [layer.layers, layer.shortcut ?? []]) see(inner);
      }
    };
    for (const { layers } of cases) see(layers);
    expect(kinds.size).toBe(23);
  });
});

const wide: BuildModelOptions = {
  input: [3, 16, 16],
  layers: [
    { type: 'conv2d', filters: 64, kernel: 3 },
    { type: 'globalAvgPool' },
    { type: 'dense', units: 100 },
  ],
};
const deviation = (values: Float32Array): number =>
  Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0) / values.length);

describe('initial weights', () => {
  it.each([
    ['torch', 1 / Math.sqrt(3 * 27), 1 / Math.sqrt(3 * 64)],
    ['heUniform', Math.sqrt(2 / 27), Math.sqrt(2 / 64)],
    ['heNormal', Math.sqrt(2 / 27), Math.sqrt(2 / 64)],
    ['glorotUniform', Math.sqrt(2 / (27 + 9 * 64)), Math.sqrt(2 / 164)],
    ['glorotNormal', Math.sqrt(2 / (27 + 9 * 64)), Math.sqrt(2 / 164)],
  ] as const)('with %s have the expected standard deviation', (initialization, conv, dense) => {
    const weights = floatsOf(buildModel({ ...wide, initialization }));
    expect(deviation(weights['conv2d1.weight']!) / conv).toBeCloseTo(1, 1);
    expect(deviation(weights['dense1.weight']!) / dense).toBeCloseTo(1, 1);
    const biases = deviation(weights['dense1.bias']!);
    expect(initialization === 'torch' ? biases * Math.sqrt(3 * 64) : biases + 1).toBeCloseTo(1, 0);
  });

  it('depend on the seed, and not on other layers', () => {
    expect(buildModel(wide)).toEqual(buildModel(wide));
    const [first, second] = [floatsOf(buildModel(wide)), floatsOf(buildModel({ ...wide, seed: 1 }))];
    expect(second['dense1.weight']).not.toEqual(first['dense1.weight']);
    const more = floatsOf(buildModel({ ...wide, layers: [...wide.layers, { type: 'dense', units: 3 }] }));
    expect(more['dense1.weight']).toEqual(first['dense1.weight']);
  });
});

describe('buildModel', () => {
  it('makes all of its weights trainable, but not the constants in formulas', () => {
    const trained = (layers: readonly LayerSpec[], input: readonly number[]): string[] =>
      describeModel(buildModel({ input, layers }))
        .weights.filter((weight) => weight.trained)
        .map(({ name }) => name);
    expect(trained([{ type: 'attention', heads: 2, causal: true }, { type: 'gelu' }], [3, 4])).toEqual([
      'attention1.in_proj_weight',
      'attention1.in_proj_bias',
      'attention1.out_proj.weight',
      'attention1.out_proj.bias',
    ]);
    expect(
      trained([{ type: 'dense', units: 2 }, { type: 'batchNorm' }, { type: 'dropout', rate: 0.5 }], [3]),
    ).toEqual(['dense1.weight', 'dense1.bias', 'batchNorm1.weight', 'batchNorm1.bias']);
  });

  it('takes sequences of any length', async () => {
    const layers: LayerSpec[] = [
      { type: 'embedding', rows: 5, units: 4 },
      { type: 'residual', layers: [{ type: 'attention', heads: 2 }] },
      { type: 'meanOverSteps' },
      { type: 'dense', units: 2 },
    ];
    const model = buildModel({ input: ['steps'], layers });
    for (const steps of [3, 7]) {
      const input = new ort.Tensor('int64', new BigInt64Array(2 * steps).fill(1n), [2, steps]);
      expect((await runModel(model, { input })).output?.dims).toEqual([2, 2]);
    }
  });

  const dense: LayerSpec = { type: 'dense', units: 2 };
  it.each([
    ['missing options', undefined, 'the options of buildModel'],
    ['an empty list of layers', { input: [3], layers: [] }, 'at least one layer'],
    ['an input that includes the batch', { input: [null, 3], layers: [dense] }, 'Leave out the batch'],
    [
      'an unknown layer',
      { input: [3], layers: [{ type: 'linear' }] },
      'the type of layer 0 to be one of dense',
    ],
    ['a layer given as a string', { input: [3], layers: ['relu'] }, '{ type: "relu" }'],
    ['a misspelt field', { input: [3], layers: [{ type: 'dense', unit: 2 }] }, 'Did you mean "units"?'],
    [
      'a missing field',
      { input: [3], layers: [{ type: 'dense' }] },
      'units of layer 0 (dense) to be a whole number',
    ],
    [
      'a number of units that is not whole',
      { input: [3], layers: [{ type: 'dense', units: 1.5 }] },
      'units = 1.5',
    ],
    ['a model without weights', { input: [3], layers: [{ type: 'relu' }] }, 'a layer with weights'],
    [
      'a convolution of a vector',
      { input: [3], layers: [{ type: 'conv2d', filters: 2, kernel: 3 }] },
      '[channels, height, width] before layer 0 (conv2d)',
    ],
    [
      'a kernel that does not fit',
      { input: [1, 2, 2], layers: [{ type: 'conv2d', filters: 2, kernel: 3 }] },
      'layer 0 (conv2d) to fit into its input',
    ],
    [
      'a number of heads that does not divide the features',
      { input: [3, 5], layers: [{ type: 'attention', heads: 2 }] },
      'divisible by 2, the number of heads',
    ],
    [
      'a residual block whose layers change the shape',
      { input: [3], layers: [{ type: 'residual', layers: [dense] }] },
      '[2] from the layers and [3] from the shortcut',
    ],
    [
      'a mistake inside a residual block',
      { input: [3], layers: [{ type: 'residual', layers: [{ type: 'dens' }] }] },
      'layer 0 (residual), layer 0',
    ],
    [
      'an unknown initialization',
      { input: [3], layers: [dense], initialization: 'xavier' },
      '"glorotUniform"',
    ],
  ])('refuses %s', (_, options, message) => {
    expect(() => buildModel(options as never)).toThrow(message);
  });
});
