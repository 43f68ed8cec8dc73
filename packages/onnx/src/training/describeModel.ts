import { checkOptionNames } from '@clr/core';
import { fail, UnsupportedOperatorError } from '../errors.ts';
import { int } from '../format/attributes.ts';
import { isFloat, typeName } from '../format/dataType.ts';
import { nodeName } from '../format/describeNode.ts';
import { importedOpset, type Model } from '../format/model.ts';
import { dimsOf, sizeOf } from '../format/tensor.ts';
import type { NodeProto } from '../generated/onnx_pb.ts';
import { checkDifferentiable } from '../gradients/differentiate.ts';
import { operators } from '../gradients/index.ts';
import type { Dim } from '../graph/dim.ts';
import { operatorKey } from '../graph/graph.ts';
import type { Ops } from '../graph/ops.ts';
import { lossInput } from '../loss/lossInput.ts';
import { dequantised } from '../read/dequantise.ts';
import { loadGraph } from '../read/load.ts';
import { readSource } from '../read/readSource.ts';
import { applySizes } from '../read/sizes.ts';
import { show } from '../show.ts';
import type { TrainingOptions } from './options.ts';
import { classify } from './parameters.ts';
import type { TensorInfo } from './trainingModel.ts';

/** A node that reads a weight. */
export interface WeightUse {
  /** The name of the node that reads the weight. */
  readonly node: string;
  /** The operator of that node. */
  readonly operator: string;
  /** The index of the node's input, from 0. */
  readonly input: number;
}

/** A float tensor in the file. */
export interface WeightDescription {
  /** The name that `trainable` and `groups` receive. */
  readonly name: string;
  /** The sizes of its axes. */
  readonly dims: readonly number[];
  /** The type of its numbers, such as `float32`. */
  readonly type: string;
  /** Its place in the file: an initializer, or a node (a Constant, or the node of a branch, loop or function). */
  readonly in: 'initializer' | 'node';
  /** The nodes that read it. */
  readonly uses: readonly WeightUse[];
  /** Whether it is trained by default. */
  readonly trained: boolean;
  /** The reason why it is not trained. Absent if it is trained. */
  readonly why?: string;
}

/** An operator that has no gradient. */
export interface MissingGradient {
  /** Its type. Operators outside the default domain have their domain as a prefix. */
  readonly operator: string;
  /** The names of the nodes with this operator. */
  readonly nodes: readonly string[];
}

/** The estimated memory of one step, in bytes. */
export interface StepMemory {
  /**
   * The batch size that the figures are for: the option `batch`, or the first axis of the first input if the file or
   * `sizes` fixes all axes.
   */
  readonly batch: number;
  /**
   * The memory of the trained weights, in bytes. The weights are kept twice, because a step reads one copy and writes
   * the other.
   */
  readonly weights: number;
  /** The gradients of the trained weights, in bytes. */
  readonly gradients: number;
  /** The optimizer's slots, kept twice. SGD with momentum has one slot per weight, Adam two. */
  readonly slots: number;
  /** All float values between the layers. In each value, the axes of unknown size together count as the batch. */
  readonly activations: number;
  /** The sum of weights, gradients, slots and activations, in bytes. */
  readonly total: number;
}

/** An input of the model. */
export interface InputDescription extends TensorInfo {
  /** The number of rows of the table, if this input holds row indices, such as the tokens of an embedding. */
  readonly vocabulary?: number;
}

/** The content of a file from the point of view of training. Plain data. */
export interface ModelDescription {
  /** The program that wrote the file. */
  readonly exporter: string;
  /** The version of ONNX's default operator set that the file uses. */
  readonly opset: number;
  /** The opsets of other domains, by domain. */
  readonly domains: Readonly<Record<string, number>>;
  /** The model's inputs, without its weights. */
  readonly inputs: readonly InputDescription[];
  /** The model's outputs. */
  readonly outputs: readonly TensorInfo[];
  /** Every weight of the file. */
  readonly weights: readonly WeightDescription[];
  /** Operators of the file that have no gradient in this package. */
  readonly withoutGradient: readonly MissingGradient[];
  /** The error that training this file unchanged would give. */
  readonly refusal?: string;
  /** An estimate of the memory that a training step takes. */
  readonly memory: StepMemory;
}

/** Options of {@link describeModel}. */
export interface DescribeOptions extends Pick<TrainingOptions, 'sizes' | 'output'> {
  /** The number of examples for `memory`, for models whose batch size is not fixed. Default 1. */
  readonly batch?: number;
  /**
   * The number of vectors that the optimizer keeps for each weight: 0 for plain SGD, 1 with momentum (default), 2 for
   * Adam.
   */
  readonly slots?: number;
}

/** A size, or the name of a dynamic axis in the file (`?` if it has none). */
const plainDim = (dim: Dim): Dim =>
  typeof dim === 'number' ? dim : dim.startsWith('{') && dim.endsWith('}') ? dim.slice(1, -1) : '?';

function infoOf(b: Ops, name: string): TensorInfo {
  const { type, dims } = b.type(name);
  return { name, type: typeName(type), dims: dims?.map(plainDim) };
}

function describeInput(b: Ops, name: string, weights: readonly WeightDescription[]): InputDescription {
  const tables = b.nodes
    .filter(({ opType, input }) => opType === 'Gather' && input[1] === name)
    .map((node) => weights.find((weight) => weight.name === node.input[0])?.dims[int(node, 'axis', 0)])
    .filter((rows) => rows !== undefined);
  return { ...infoOf(b, name), ...(tables.length > 0 && { vocabulary: Math.min(...tables) }) };
}

function count(value: number | undefined, preset: number, least: number, name: string): number {
  const used = value ?? preset;
  if (!Number.isSafeInteger(used) || used < least) {
    throw fail(
      `${name} to be a whole number of at least ${least}`,
      `${name} = ${show(value)}`,
      'Correct it, or leave it out.',
    );
  }
  return used;
}

function missing(b: Ops, nodes: readonly NodeProto[]): MissingGradient[] {
  const found = new Map<string, string[]>();
  for (const node of nodes) {
    if (b.operator(node)?.gradient !== undefined) continue;
    const key = operatorKey(node);
    const named = found.get(key);
    if (named) named.push(nodeName(node));
    else found.set(key, [nodeName(node)]);
  }
  return [...found].map(([operator, named]) => ({ operator, nodes: named }));
}

/** The error message if an operator between the trained weights and the output has no gradient. */
function refusalOf(b: Ops, model: Model, output: string, trained: readonly string[]): string | undefined {
  if (trained.length === 0) return 'no float weight reaches the output';
  try {
    checkDifferentiable(b, b.nodes, [output], trained, (domain) => importedOpset(model, domain));
    return undefined;
  } catch (error) {
    if (error instanceof UnsupportedOperatorError) return error.message;
    throw error;
  }
}

const bytesOf = (type: number): number => (typeName(type) === 'float64' ? 8 : 4);

/**
 * Describes an ONNX file: inputs, outputs, weights, operators without a gradient, and the memory of a training step.
 * For every weight, it lists the nodes that read it, and whether it is trained by default.
 *
 * @param model - the content of an .onnx file
 * @returns plain data; `formatModel` prints it
 * @throws {ClrError} if the bytes are not a model, or if sizes do not fit it
 *
 * @example
 * ```ts
 * const { weights } = describeModel(bytes);
 * weights.filter(({ trained }) => trained).map(({ name }) => name)[0]; // '0.weight'
 * ```
 */
export function describeModel(model: Uint8Array, options: DescribeOptions = {}): ModelDescription {
  checkOptionNames('clr/onnx', 'describeModel', options, ['batch', 'slots', 'sizes', 'output']);
  const batch = count(options.batch, 1, 1, 'batch');
  const slots = count(options.slots, 1, 0, 'slots');
  const source = dequantised(readSource(model));
  const resize = options.sizes ? applySizes(source, options.sizes, operators) : () => {};
  const { b, inputs } = loadGraph(source, operators, (node, ops) => {
    resize(node, ops);
    ops.operator(node)?.settle?.(node, ops);
  });
  const outputs = source.graph.output.map(({ name }) => name);
  const output = lossInput(b, b.nodes, outputs, options.output);
  const kinds = classify(b, b.nodes, source, [output]);
  const weights = kinds.map(({ tensor, uses, why }): WeightDescription => {
    const { name, dataType } = tensor;
    return {
      name,
      dims: dimsOf(tensor),
      type: typeName(source.quantised?.get(name)?.type ?? dataType),
      in: source.stored?.get(name)?.inNode ? 'node' : 'initializer',
      uses: uses.map(({ node, input }) => ({ node: nodeName(node), operator: operatorKey(node), input })),
      trained: why === undefined,
      ...(why === undefined ? {} : { why }),
    };
  });
  const trained = kinds.filter(({ why }) => why === undefined).map(({ tensor }) => tensor);
  const size = trained.reduce((sum, tensor) => sum + sizeOf(dimsOf(tensor)) * bytesOf(tensor.dataType), 0);
  const activations = b.nodes
    .flatMap((node) => node.output.map((name) => b.type(name)))
    .filter(({ type }) => type === 0 || isFloat(type))
    .reduce((sum, { type, dims = [] }) => {
      const elements = dims.reduce<number>((n, dim) => n * (typeof dim === 'number' ? dim : 1), 1);
      return sum + elements * bytesOf(type) * (dims.some((dim) => typeof dim !== 'number') ? batch : 1);
    }, 0);
  const shapes = inputs.map(({ name }) => b.dims(name));
  const fixed = shapes.every((dims) => dims?.every((dim) => typeof dim === 'number'));
  const examples = fixed ? Number(shapes[0]?.[0] ?? 1) : batch;
  const memory = {
    batch: examples,
    weights: 2 * size,
    gradients: size,
    slots: 2 * slots * size,
    activations,
  };
  const { producerName, producerVersion, opsetImport } = source.proto;
  const refusal = refusalOf(
    b,
    source,
    output,
    trained.map(({ name }) => name),
  );
  return {
    exporter: [producerName, producerVersion].filter((text) => text !== '').join(' '),
    opset: source.opset,
    domains: Object.fromEntries(
      opsetImport
        .filter(({ domain }) => domain !== '' && domain !== 'ai.onnx')
        .map(({ domain, version }) => [domain, Number(version)]),
    ),
    inputs: inputs.map(({ name }) => describeInput(b, name, weights)),
    outputs: outputs.map((name) => infoOf(b, name)),
    weights,
    withoutGradient: missing(b, b.nodes),
    ...(refusal === undefined ? {} : { refusal }),
    memory: { ...memory, total: 3 * size + 2 * slots * size + activations },
  };
}
