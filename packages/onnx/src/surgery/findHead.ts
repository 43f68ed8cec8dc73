import { fail } from '../errors.ts';
import { int } from '../format/attributes.ts';
import { isFloat } from '../format/dataType.ts';
import { describeNode } from '../format/describeNode.ts';
import { dimsOf, sizeOf } from '../format/tensor.ts';
import type { NodeProto } from '../generated/onnx_pb.ts';
import { show } from '../show.ts';
import { isLora } from './isLora.ts';
import type { Opened } from './opened.ts';

/** A stored tensor that a node reads, directly or after nodes such as Cast, Transpose and Reshape. */
export interface Operand {
  readonly node: NodeProto;
  readonly input: number;
  /** The names that a replacement tensor may take, best first. */
  readonly names: readonly string[];
  /** Its shape as the node reads it. */
  readonly dims: readonly number[];
}

/** The last layer with weights, and the nodes between it and the output. */
export interface Head {
  readonly node: NodeProto;
  readonly weight: Operand;
  /** The class axis of the weight. */
  readonly axis: number;
  /** The product of the weight's other sizes. */
  readonly features: number;
  readonly classes: number;
  readonly bias: Operand | undefined;
  /** The nodes after the layer, up to the output. */
  readonly behind: readonly NodeProto[];
  readonly output: string;
}

/** Nodes that change the type, shape or order of a stored tensor before it is used. */
const forms = new Set([
  'Identity',
  'Cast',
  'Transpose',
  'Reshape',
  'Squeeze',
  'Unsqueeze',
  'DequantizeLinear',
]);

/** The stored tensor at an input of a node. It is undefined if the value is computed. */
export function operandAt(opened: Opened, node: NodeProto, input: number): Operand | undefined {
  const names: string[] = [];
  let name = node.input[input] ?? '';
  const outermost = name;
  while (!opened.stored(name)) {
    const maker = opened.maker(name);
    if (!maker || !forms.has(maker.opType)) return undefined;
    if (maker.opType === 'Identity') names.push(name);
    name = maker.input[0] ?? '';
  }
  names.push(name);
  const { dims } = opened.type(outermost);
  const known = dims?.every((dim) => typeof dim === 'number') ? (dims as number[]) : undefined;
  const stored = opened.stored(name);
  if (!known && (name !== outermost || !stored)) return undefined;
  return { node, input, names, dims: known ?? (stored ? dimsOf(stored) : []) };
}

/** The weight of a matrix product or convolution, and its output axis. It is undefined for other nodes. */
export function weightOf(opened: Opened, node: NodeProto): { weight: Operand; axis: number } | undefined {
  if (node.opType === 'MatMulNBits') {
    const weight = operandAt(opened, node, 1);
    // The file stores [N, blocks, bytes], several integers in a byte.
    return weight && { weight: { ...weight, dims: [int(node, 'N', 0), int(node, 'K', 0)] }, axis: 0 };
  }
  if (node.domain !== '' && node.domain !== 'ai.onnx') return undefined;
  const rank: Readonly<Record<string, number>> = { Gemm: 2, MatMul: 2 };
  if (node.opType !== 'Conv' && rank[node.opType] === undefined) return undefined;
  const weight = operandAt(opened, node, 1);
  if (!weight || (rank[node.opType] ?? weight.dims.length) !== weight.dims.length) return undefined;
  const first = node.opType === 'Conv' || (node.opType === 'Gemm' && int(node, 'transB', 0) === 1);
  return { weight, axis: first ? 0 : 1 };
}

/** Operators that keep the class axis. */
const passing = new Set([
  ...[
    'Softmax',
    'LogSoftmax',
    'Sigmoid',
    'HardSigmoid',
    'Tanh',
    'Relu',
    'LeakyRelu',
    'Clip',
    'Elu',
    'Softplus',
  ],
  ...['Identity', 'Cast', 'Dropout', 'Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Transpose'],
  ...[
    'GlobalAveragePool',
    'GlobalMaxPool',
    'AveragePool',
    'MaxPool',
    'ReduceMean',
    'ReduceMax',
    'Resize',
    'Upsample',
  ],
  ...['QuantizeLinear', 'DequantizeLinear'],
]);
const arithmetic = new Set(['Add', 'Sub', 'Mul', 'Div']);

/** Lists all layers that could be a head, for an error message. The last layers come first. */
function candidates(opened: Opened): string {
  const found = [...opened.graph.node].reverse().flatMap((node) => {
    const layer = weightOf(opened, node);
    return layer ? [`"${layer.weight.names[0]}" of ${describeNode(node)}, output "${node.output[0]}"`] : [];
  });
  const more = found.length > 6 ? `, and ${found.length - 6} before them` : '';
  return found.length === 0 ? 'none' : `${found.slice(0, 6).join('; ')}${more}`;
}

function unsure(opened: Opened, received: string): Error {
  return fail(
    'a model that ends in one layer with weights, followed only by its bias, activations and pooling',
    `${received}. Layers with weights, from the end: ${candidates(opened)}`,
    opened.graph.initializer.some(({ name }) => isLora(name))
      ? 'Merge the adapters first: mergeLora(model).'
      : 'Cut the model before its head with cutAt(model, value), and add a new head with appendDense.',
  );
}

/** The output whose head is searched for. */
function outputOf(opened: Opened, named: string | undefined): string {
  const outputs = opened.graph.output.map(({ name }) => name);
  if (named !== undefined) {
    if (outputs.includes(named)) return named;
    throw fail(
      `the name of one of the model's outputs: ${outputs.join(', ')}`,
      `output = ${show(named)}`,
      'Name an output of the model.',
    );
  }
  const floats = outputs.filter((name) => {
    const { type } = opened.type(name);
    return type === 0 || isFloat(type);
  });
  const [only] = floats;
  if (only !== undefined && floats.length === 1) return only;
  throw fail(
    `one float output, or the option output: ${outputs.map(show).join(' or ')}`,
    `${floats.length} float outputs`,
    'Name the output with the head: { output: … }.',
  );
}

/** A stored bias or scale between the layer and the output, and the computed value (`data`) that it changes. */
function otherOperand(opened: Opened, node: NodeProto): { data: string; operand: Operand } | undefined {
  for (const input of [1, 0]) {
    const operand = operandAt(opened, node, input);
    if (operand && !operandAt(opened, node, 1 - input)) {
      return { data: node.input[1 - input] ?? '', operand };
    }
  }
  return undefined;
}

/**
 * Finds the last layer with weights.
 *
 * @throws {ClrError} if it is not clear which layer that is; the message lists the layers
 */
export function findHead(opened: Opened, named: string | undefined): Head {
  const output = outputOf(opened, named);
  const behind: NodeProto[] = [];
  const added: Operand[] = [];
  let value = output;
  for (;;) {
    const node = opened.maker(value);
    if (!node) throw unsure(opened, `no layer with weights before the output "${output}"`);
    const layer = weightOf(opened, node);
    if (layer) return headOf(opened, { node, ...layer, behind: behind.reverse(), added, output });
    if (arithmetic.has(node.opType)) {
      const other = otherOperand(opened, node);
      if (!other)
        throw unsure(opened, `${describeNode(node)} before the output, which joins two computed values`);
      if (sizeOf(other.operand.dims) > 1) added.push(other.operand);
      value = other.data;
    } else if (passing.has(node.opType)) {
      value = node.input[0] ?? '';
    } else {
      throw unsure(opened, `${describeNode(node)} before the output`);
    }
    behind.push(node);
  }
}

interface Layer {
  readonly node: NodeProto;
  readonly weight: Operand;
  readonly axis: number;
  readonly behind: readonly NodeProto[];
  readonly added: readonly Operand[];
  readonly output: string;
}

function headOf(opened: Opened, { node, weight, axis, behind, added, output }: Layer): Head {
  const classes = weight.dims[axis] as number;
  const features = sizeOf(weight.dims) / classes;
  if (int(node, 'group', 1) !== 1) throw unsure(opened, `${describeNode(node)}, a grouped convolution`);
  const packed = node.opType === 'MatMulNBits';
  if (packed && (node.input[5] ?? '') !== '') throw unsure(opened, `${describeNode(node)} with its own bias`);
  const given = packed ? '' : (node.input[2] ?? '');
  const own = given === '' ? undefined : operandAt(opened, node, 2);
  if (given !== '' && !own) throw unsure(opened, `${describeNode(node)}, whose bias is computed`);
  const all = own ? [own, ...added] : added;
  const [bias, ...others] = all;
  const isBias = (operand: Operand): boolean =>
    sizeOf(operand.dims) === classes && (operand === own || operand.node.opType === 'Add');
  if (others.length > 0 || (bias && !isBias(bias))) {
    const names = all.map(({ names: [name] }) => show(name)).join(', ');
    const why = all.length > 1 ? 'of which only one could be its bias' : 'which is no bias';
    throw unsure(opened, `${describeNode(node)} followed by ${names}, ${why}`);
  }
  return { node, weight, axis, features, classes, bias, behind, output };
}
