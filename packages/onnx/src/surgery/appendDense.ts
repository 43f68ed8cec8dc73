import { checkOptionNames } from '@clr/core';
import { fail } from '../errors.ts';
import { isFloat, typeName } from '../format/dataType.ts';
import { declaration } from '../graph/declaration.ts';
import type { Dim } from '../graph/dim.ts';
import { uniform } from '../layers/initialize.ts';
import { makeNode } from '../layers/makeNode.ts';
import { floatTensor } from '../layers/scalarNode.ts';
import { show } from '../show.ts';
import { floatTypeOf, Opened, readCount, readSeed } from './opened.ts';

/** Options of {@link appendDense}. */
export interface AppendDenseOptions {
  /** The number of outputs of the layer. */
  readonly units: number;
  /** The activation after the layer. Default: none, because the loss expects logits. */
  readonly activation?: 'relu' | 'tanh' | 'sigmoid' | 'softmax';
  /**
   * Whether to average over all positions of feature maps [N, C, …] first. Required for 4 axes or more. Default false.
   */
  readonly pool?: boolean;
  /** Whether the layer adds a bias. Default true. */
  readonly bias?: boolean;
  /** The name of the layer: its weights are `name.weight` and `name.bias`, its output is `name`. Default `'dense'`. */
  readonly name?: string;
  /** The output that the layer reads and replaces. Default: the model's only output. */
  readonly output?: string;
  /** The seed for the weights. Default 0. */
  readonly seed?: number;
}

const activations = { relu: 'Relu', tanh: 'Tanh', sigmoid: 'Sigmoid', softmax: 'Softmax' };
const names = ['units', 'activation', 'pool', 'bias', 'name', 'output', 'seed'];

/**
 * Appends a dense layer to a model: `y = x · Wᵀ + b`, with PyTorch's initial weights, uniform in ±1/√inputs. It reads
 * the last axis of one of the model's outputs, and replaces that output by its own. W is stored as [units, inputs], or
 * as [inputs, units] if the layer reads sequences.
 *
 * @param model - the content of an .onnx file, such as a result of {@link cutAt}; it is not changed
 * @returns the content of the new file
 * @throws {ClrError} if an option is invalid, or if the number of features is unknown
 *
 * @example
 * ```ts
 * const body = cutAt(bytes, describeHead(bytes).features);
 * const model = appendDense(body, { units: 5, name: 'head' });
 * describeHead(model).weight; // 'head.weight'
 * ```
 */
export function appendDense(model: Uint8Array, options: AppendDenseOptions): Uint8Array {
  checkOptionNames('clr/onnx', 'appendDense', options, names);
  const units = readCount('units', options?.units);
  const seed = readSeed(options.seed);
  const { activation, pool = false, bias = true, name: layer = 'dense' } = options;
  if (activation !== undefined && !Object.hasOwn(activations, activation)) {
    throw fail(
      `activation to be one of ${Object.keys(activations).map(show).join(', ')}`,
      `activation = ${show(activation)}`,
      'Leave it out for no activation.',
    );
  }
  if (typeof layer !== 'string' || layer === '') {
    throw fail('name to be a string', `name = ${show(layer)}`, "Leave it out for 'dense'.");
  }
  for (const [option, value] of Object.entries({ pool, bias })) {
    if (typeof value === 'boolean') continue;
    throw fail(
      `${option} to be true or false`,
      `${option} = ${show(value)}`,
      'Leave it out for the default.',
    );
  }
  const opened = new Opened(model);
  const { graph } = opened;
  const from = outputOf(opened, options.output);
  const { type, dims = undefined } = opened.type(from);
  if (type !== 0 && !isFloat(type)) {
    throw fail(
      'an output of floats to append a layer to',
      `"${from}" of type ${typeName(type)}`,
      'Choose another output with `output`.',
    );
  }
  const [size, shape] = featuresOf(from, dims, pool);
  const own = floatTypeOf({ type, dims });
  const name = opened.free(layer);
  const [weight, offset] = [opened.free(`${name}.weight`), opened.free(`${name}.bias`)];
  const bound = 1 / Math.sqrt(size);
  const data = pool ? opened.free(`${name}.features`) : from;
  const add = (op: string, inputs: string[], output: string, attributes = {}): void => {
    graph.node.push(makeNode(op, inputs, [output], attributes, output));
  };
  if (pool) {
    const pooled = opened.free(`${name}.pooled`);
    add('GlobalAveragePool', [from], pooled);
    add('Flatten', [pooled], data);
  }
  const made = activation ? opened.free(`${name}.logits`) : name;
  const flat = shape.length === 1;
  opened.store(
    floatTensor(
      weight,
      own,
      flat ? [units, size] : [size, units],
      uniform(seed, 'weight', units * size, bound),
    ),
  );
  if (bias) opened.store(floatTensor(offset, own, [units], uniform(seed, 'bias', units, bound)));
  if (flat) add('Gemm', [data, weight, ...(bias ? [offset] : [])], made, { transB: 1 });
  else {
    const product = bias ? opened.free(`${name}.product`) : made;
    add('MatMul', [data, weight], product);
    if (bias) add('Add', [product, offset], made);
  }
  if (activation)
    add(activations[activation], [made], name, activation === 'softmax' ? { axis: shape.length } : {});
  const at = graph.output.findIndex((output) => output.name === from);
  graph.output[at] = declaration(name, own, [...shape, units]);
  return opened.close();
}

function outputOf(opened: Opened, named: string | undefined): string {
  const outputs = opened.graph.output.map(({ name }) => name);
  const [only] = outputs;
  if (named === undefined && only !== undefined && outputs.length === 1) return only;
  if (named !== undefined && outputs.includes(named)) return named;
  throw fail(
    `the name of one of the model's outputs: ${outputs.join(', ')}`,
    `output = ${show(named)}`,
    'Name the output that the layer should read.',
  );
}

/** The number of features that a layer reads, and the sizes of the axes before them. */
function featuresOf(name: string, dims: readonly Dim[] | undefined, pool: boolean): [number, Dim[]] {
  const shape = `[${(dims ?? ['?']).map((dim) => (typeof dim === 'number' ? dim : 'N')).join(', ')}]`;
  if (pool) {
    const channels = dims?.[1];
    if (dims && dims.length > 2 && typeof channels === 'number') return [channels, dims.slice(0, 1)];
    throw fail('feature maps [N, C, …] to pool', `"${name}" of shape ${shape}`, 'Leave out `pool`.');
  }
  const size = dims?.at(-1);
  if (!dims || typeof size !== 'number' || dims.length < 2) {
    throw fail(
      `a known number of features on the last axis of "${name}"`,
      `shape ${shape}`,
      'Cut the model at a value whose shape is known, or declare it.',
    );
  }
  if (dims.length > 3) {
    throw fail(
      `features [N, features] or [N, steps, features] to append a layer to`,
      `feature maps "${name}" of shape ${shape}`,
      'Average over their positions with { pool: true }.',
    );
  }
  return [size, dims.slice(0, -1)];
}
