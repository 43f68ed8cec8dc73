import { int } from '../format/attributes.ts';
import { subgraphs } from '../format/captures.ts';
import { isFloat } from '../format/dataType.ts';
import type { NodeProto } from '../generated/onnx_pb.ts';
import { axisOf, inputOf } from '../graph/infer.ts';
import type { Ops } from '../graph/ops.ts';
import { isLayout } from '../graph/sourceAxis.ts';

export type Nodes = readonly NodeProto[];

/** The node whose first output is this value. */
export function producer(nodes: Nodes, value: string): NodeProto | undefined {
  return nodes.find(({ output }) => output[0] === value);
}

/** A value divided by its own sum over some axes: `of / Σ of`. */
interface Shares {
  readonly of: string;
  /** The axis, if there is exactly one. */
  readonly axis: number | undefined;
}

/** Operators whose results are never below 0. */
const neverNegative = /^(Exp|Sigmoid|HardSigmoid|Softplus|Softmax|Relu|Abs)$/;
/** Operators that exporters put around a sum: a lower bound, an ε, a change of shape or type. */
const aroundTotals = /^(Clip|Max|Add|Expand|Identity|Cast|Unsqueeze)$/;

/** Recognises a value divided by its own sum, written as Div, as Mul by a Reciprocal, or as LpNormalization. */
function sharesOf(b: Ops, nodes: Nodes, node: NodeProto): Shares | undefined {
  const rank = b.dims(node.output[0] ?? '')?.length;
  if (rank === undefined) return undefined;
  const positive = (of: string): boolean => neverNegative.test(producer(nodes, of)?.opType ?? '');
  const [x, y] = [inputOf(node, 0), inputOf(node, 1)];
  if (node.opType === 'LpNormalization') {
    return int(node, 'p', 2) === 1 && positive(x)
      ? { of: x, axis: axisOf(int(node, 'axis', -1), rank) }
      : undefined;
  }
  const over = (of: string, total: string): Shares | undefined => {
    let sum = producer(nodes, total);
    while (sum && aroundTotals.test(sum.opType)) sum = producer(nodes, inputOf(sum, 0));
    if (!sum || inputOf(sum, 0) !== of) return undefined;
    if (sum.opType !== 'ReduceSum' && !(sum.opType === 'ReduceL1' && positive(of))) return undefined;
    const exact = total === sum.output[0] && int(sum, 'keepdims', 1) === 1;
    const axes = exact ? b.numbers(inputOf(sum, 1)) : undefined;
    return { of, axis: axes?.length === 1 ? axisOf(axes[0] as number, rank) : undefined };
  };
  if (node.opType === 'Div') return over(x, y);
  if (node.opType !== 'Mul') return undefined;
  for (const [of, other] of [
    [x, y],
    [y, x],
  ] as const) {
    const inverse = producer(nodes, other);
    const found = inverse?.opType === 'Reciprocal' && over(of, inputOf(inverse, 0));
    if (found) return found;
  }
  return undefined;
}

/** The axis of a LogSoftmax, also if it is written as x − log Σ eˣ. */
function logSoftmaxAxis(b: Ops, nodes: Nodes, value: string): number | undefined {
  const node = producer(nodes, value);
  const rank = b.dims(value)?.length;
  if (!node || rank === undefined) return undefined;
  if (node.opType === 'LogSoftmax') return axisOf(int(node, 'axis', -1), rank);
  const total = node.opType === 'Sub' ? producer(nodes, inputOf(node, 1)) : undefined;
  const sums = total?.opType === 'ReduceLogSumExp' && inputOf(total, 0) === inputOf(node, 0);
  const axes = sums && int(total, 'keepdims', 1) === 1 ? b.numbers(inputOf(total, 1)) : undefined;
  return axes?.length === 1 ? axisOf(axes[0] as number, rank) : undefined;
}

/** The input and the axis of a Softmax. Exporters also write it as eˣ / Σ eˣ, or as e to the power of a LogSoftmax. */
export function softmaxOf(
  b: Ops,
  nodes: Nodes,
  node: NodeProto,
): { input: string; axis: number } | undefined {
  const rank = b.dims(node.output[0] ?? '')?.length;
  if (rank === undefined) return undefined;
  const input = inputOf(node, 0);
  if (/^(Log)?Softmax$/.test(node.opType)) return { input, axis: axisOf(int(node, 'axis', -1), rank) };
  if (node.opType === 'Exp') {
    const axis = logSoftmaxAxis(b, nodes, input);
    return axis === undefined ? undefined : { input, axis };
  }
  const shares = sharesOf(b, nodes, node);
  const power = shares && producer(nodes, shares.of);
  return power?.opType === 'Exp' && shares?.axis !== undefined
    ? { input: inputOf(power, 0), axis: shares.axis }
    : undefined;
}

/** Whether a value is the constant 1. */
export const isOne = (b: Ops, name: string): boolean => {
  const values = b.constant(name)?.values;
  return values?.length === 1 && values[0] === 1;
};

/** The input of a Sigmoid. Exporters also write it as 1 / (1 + e⁻ˣ). */
export function sigmoidOf(b: Ops, nodes: Nodes, node: NodeProto): string | undefined {
  if (node.opType === 'Sigmoid') return inputOf(node, 0);
  const below =
    node.opType === 'Reciprocal'
      ? inputOf(node, 0)
      : node.opType === 'Div' && isOne(b, inputOf(node, 0))
        ? inputOf(node, 1)
        : '';
  const sum = producer(nodes, below);
  if (sum?.opType !== 'Add') return undefined;
  const power = sum.input.filter((name) => !isOne(b, name)).map((name) => producer(nodes, name));
  const minus =
    power.length === 1 && power[0]?.opType === 'Exp' ? producer(nodes, inputOf(power[0], 0)) : undefined;
  return minus?.opType === 'Neg' ? inputOf(minus, 0) : undefined;
}

/** Operators whose output holds probabilities if their inputs do. */
const keepProbabilities =
  /^(Reduce(Mean|Max|Min)|Mean|Sum|Max|Min|Add|Mul|Clip|(Global)?(Average|Max)Pool|Resize|Slice|Gather|Concat|Split|Pad|Dropout|Expand|Tile|Where|Relu|Abs|Sqrt)$/;
/** The most operators between an output and the operator that makes its probabilities. */
const farthest = 32;

/**
 * The inputs that must be probabilities for a node's output to be probabilities. They are `undefined` if the output
 * never holds probabilities.
 */
function probabilityInputs(b: Ops, node: NodeProto): string[] | undefined {
  const { opType, input } = node;
  const number = (name: string): number | undefined => {
    const values = b.constant(name)?.values;
    return values?.length === 1 ? values[0] : undefined;
  };
  if (isLayout(node)) return input.slice(0, 1);
  if (opType === 'Sub') return isOne(b, inputOf(node, 0)) ? input.slice(1) : undefined;
  // Scaled probabilities, such as percentages, count too.
  if (opType === 'Div') return (number(inputOf(node, 1)) ?? 0) > 0 ? input.slice(0, 1) : undefined;
  if (!keepProbabilities.test(opType)) return undefined;
  // Shapes, axes, conditions and the weights of a mean are also inputs, and need not be probabilities.
  return input.filter((name) => {
    const share = number(name);
    const scale = opType !== 'Mul' || (share !== undefined && share > 0);
    const { type } = b.type(name);
    if (name === '') return false;
    return isFloat(type) ? share === undefined || !scale : type === 0 && !b.initializers.has(name);
  });
}

/** A value, and the nodes that may compute it. */
interface Scope {
  readonly nodes: Nodes;
  readonly value: string;
}

/** For an output of an If, the output of each branch. */
function branchesOf(nodes: Nodes, node: NodeProto, value: string): Scope[] {
  return subgraphs(node).map((graph) => ({
    nodes: [...graph.node, ...nodes],
    value: graph.output[node.output.indexOf(value)]?.name ?? '',
  }));
}

/**
 * The node that computed the probabilities in a value. It is searched backwards, through operators whose output holds
 * probabilities if their inputs do.
 */
export function makerOfProbabilities(b: Ops, nodes: Nodes, value: string): NodeProto | undefined {
  const makers = new Map<string, NodeProto | undefined>();
  const makerOf = ({ nodes, value: name }: Scope, steps: number): NodeProto | undefined => {
    if (makers.has(name) || steps > farthest) return makers.get(name);
    makers.set(name, undefined);
    const node = nodes.find(({ output }) => output.includes(name));
    if (!node || node.opType === 'LogSoftmax') return undefined;
    const makes =
      softmaxOf(b, nodes, node) ??
      sharesOf(b, nodes, node) ??
      sigmoidOf(b, nodes, node) ??
      /^(Softmax|HardSigmoid)$/.test(node.opType);
    const before =
      node.opType === 'If'
        ? branchesOf(nodes, node, name)
        : probabilityInputs(b, node)?.map((input) => ({ nodes, value: input }));
    const found = (makes ? [] : before)?.map((scope) => makerOf(scope, steps + 1));
    const maker = makes ? node : found?.every((item) => item !== undefined) ? found[0] : undefined;
    makers.set(name, maker);
    return maker;
  };
  return makerOf({ nodes, value }, 0);
}
