import { clone } from '@bufbuild/protobuf';
import { fail } from '../errors.ts';
import { type NodeProto, NodeProtoSchema } from '../generated/onnx_pb.ts';
import { int } from '../graph/attributes.ts';
import type { Builder } from '../graph/builder.ts';
import { isFloat } from '../graph/dataType.ts';
import { describeNode } from '../graph/describeNode.ts';
import { differentiate } from '../graph/differentiate.ts';
import { axisOf, inputOf } from '../graph/infer.ts';
import { isLayout, sourceAxis } from '../graph/sourceAxis.ts';

/** The value that a classifier's loss is taken of, and how its gradient flows back into the model. */
export interface Logits {
  readonly value: string;
  readonly back: (gradient: string) => ReadonlyMap<string, string>;
}

type Nodes = readonly NodeProto[];

const itself = (value: string): Logits => ({ value, back: (gradient) => new Map([[value, gradient]]) });

/** The node that makes a value as its first output. */
export function producer(nodes: Nodes, value: string): NodeProto | undefined {
  return nodes.find(({ output }) => output[0] === value);
}

/** The node behind layout operators, and those operators in the order in which they run. */
function behindLayout(nodes: Nodes, output: string): { last: NodeProto | undefined; chain: NodeProto[] } {
  const chain: NodeProto[] = [];
  let last = producer(nodes, output);
  while (last && isLayout(last)) {
    chain.unshift(last);
    last = producer(nodes, inputOf(last, 0));
  }
  return { last, chain };
}

/** `value` after the layout operators of `chain`, and the gradient back through them. */
function laidOut(b: Builder, chain: Nodes, value: string): Logits {
  if (chain.length === 0) return itself(value);
  const mark = b.nodes.length;
  let moved = value;
  for (const node of chain) {
    const next = b.fresh(node.opType);
    const copy = clone(NodeProtoSchema, node);
    b.append(Object.assign(copy, { name: next, input: [moved, ...node.input.slice(1)], output: [next] }));
    moved = next;
  }
  const nodes = b.nodes.slice(mark);
  const back: Logits['back'] = (gradient) =>
    differentiate(b, nodes, new Map([[moved, gradient]]), [value], () => b.opset);
  return { value: moved, back };
}

/** The input and the axis of a Softmax. Exporters also write it out as eˣ / Σ eˣ. */
function softmaxOf(b: Builder, nodes: Nodes, node: NodeProto): { input: string; axis: number } | undefined {
  const rank = b.dims(node.output[0] ?? '')?.length;
  if (rank === undefined) return undefined;
  if (/^(Log)?Softmax$/.test(node.opType))
    return { input: inputOf(node, 0), axis: axisOf(int(node, 'axis', -1), rank) };
  const [top, total] = node.input.map((name) => producer(nodes, name));
  const axes = total && b.numbers(inputOf(total, 1));
  const written =
    node.opType === 'Div' &&
    top?.opType === 'Exp' &&
    total?.opType === 'ReduceSum' &&
    inputOf(total, 0) === top.output[0] &&
    int(total, 'keepdims', 1) === 1 &&
    axes?.length === 1;
  return written ? { input: inputOf(top, 0), axis: axisOf(axes[0] as number, rank) } : undefined;
}

const isOne = (b: Builder, name: string): boolean => {
  const values = b.constant(name)?.values;
  return values?.length === 1 && values[0] === 1;
};

/** The input of a Sigmoid. Exporters also write it out as 1 / (1 + e⁻ˣ). */
function sigmoidOf(b: Builder, nodes: Nodes, node: NodeProto): string | undefined {
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

/**
 * z, if an output holds the probabilities 1 − σ(z) and σ(z) of two classes, as from scikit-learn's binary classifiers.
 */
function binary(b: Builder, nodes: Nodes, last: NodeProto): string | undefined {
  const [no, yes] = last.input.map((name) => behindLayout(nodes, name).last);
  if (last.input.length !== 2 || yes?.opType !== 'Sigmoid' || no?.opType !== 'Sub') return undefined;
  return isOne(b, inputOf(no, 0)) && behindLayout(nodes, inputOf(no, 1)).last === yes
    ? inputOf(yes, 0)
    : undefined;
}

/** Operators that turn probabilities into probabilities. */
const keepProbabilities =
  /^(Reduce(Mean|Max|Min)|Mean|Sum|Max|Min|Add|Mul|Clip|(Global)?(Average|Max)Pool|Resize|Slice|Gather|Concat|Split|Pad|Dropout|Expand)$/;
/** How many operators back to search for probabilities. */
const farthest = 32;

/** The inputs that must be probabilities for a node's output to be probabilities; `undefined` if it never is. */
function probabilityInputs(b: Builder, node: NodeProto): string[] | undefined {
  const { opType, input } = node;
  const number = (name: string): number | undefined => {
    const values = b.constant(name)?.values;
    return values?.length === 1 ? values[0] : undefined;
  };
  if (isLayout(node)) return input.slice(0, 1);
  if (opType === 'Sub') return isOne(b, inputOf(node, 0)) ? input.slice(1) : undefined;
  if (opType === 'Div') return (number(inputOf(node, 1)) ?? 0) >= 1 ? input.slice(0, 1) : undefined;
  if (!keepProbabilities.test(opType)) return undefined;
  // Shapes, axes and the weights of a mean may be inputs too.
  return input.filter((name) => {
    const share = number(name);
    const small = opType !== 'Mul' || (share !== undefined && share > 0 && share <= 1);
    return (
      name !== '' && !(isFloat(b.type(name).type) ? share !== undefined && small : b.initializers.has(name))
    );
  });
}

/** The node that made the probabilities in a value, found through all operators that keep them probabilities. */
function makerOfProbabilities(b: Builder, nodes: Nodes, value: string): NodeProto | undefined {
  const makers = new Map<string, NodeProto | undefined>();
  const makerOf = (name: string, steps: number): NodeProto | undefined => {
    if (makers.has(name) || steps > farthest) return makers.get(name);
    makers.set(name, undefined);
    const node = nodes.find(({ output }) => output.includes(name));
    if (!node || node.opType === 'LogSoftmax') return undefined;
    const makes =
      softmaxOf(b, nodes, node) ?? sigmoidOf(b, nodes, node) ?? /^(Softmax|HardSigmoid)$/.test(node.opType);
    const found = (makes ? [] : probabilityInputs(b, node))?.map((input) => makerOf(input, steps + 1));
    const maker = makes ? node : found?.every((item) => item !== undefined) ? found[0] : undefined;
    makers.set(name, maker);
    return maker;
  };
  return makerOf(value, 0);
}

/** Refuses probabilities whose logits cannot be found: their softmax or sigmoid would be taken twice. */
function checkNoProbabilities(b: Builder, nodes: Nodes, output: string, loss: string): void {
  const maker = makerOfProbabilities(b, nodes, output);
  if (!maker) return;
  throw fail(
    `logits for the loss "${loss}"`,
    `"${output}", probabilities that ${describeNode(maker)} makes in a way that this loss cannot be taken of`,
    'Make the logits an output of the model and name it with `output`, or compute the loss in the model and pass { output }.',
  );
}

/**
 * The logits of a classifier: the model's output, or the input of its last (Log)Softmax over the classes, in the layout
 * of the output.
 *
 * @throws {ClrError} when the output is probabilities that are made otherwise
 */
export function logitsOf(b: Builder, nodes: Nodes, output: string): Logits {
  const { last, chain } = behindLayout(nodes, output);
  if (last?.opType === 'Softmax') for (const node of [last, ...chain]) b.shape(node.output[0] as string);
  const softmax = last && softmaxOf(b, nodes, last);
  if (softmax) {
    let axis: number | undefined = 1;
    for (const node of [...chain].reverse())
      axis = axis === undefined ? undefined : sourceAxis(node, axis, b);
    if (axis === softmax.axis) return laidOut(b, chain, softmax.input);
  }
  const concatenates = last?.opType === 'Concat' && chain.every(({ opType }) => opType === 'Identity');
  if (concatenates && axisOf(int(last, 'axis', 0), b.rank(output)) === 1) {
    const z = binary(b, nodes, last);
    if (z !== undefined) {
      return {
        value: b.concat([b.zerosLike(z), z], 1),
        back: (gradient) => new Map([[z, b.slice(gradient, [1], [2], [1])]]),
      };
    }
  }
  checkNoProbabilities(b, nodes, output, 'crossEntropy');
  return itself(output);
}

/**
 * The logit of a binary output: the output itself, or the input of its last Sigmoid, in the layout of the output.
 *
 * @throws {ClrError} when the output is probabilities that are made otherwise
 */
export function logitOf(b: Builder, nodes: Nodes, output: string): Logits {
  const { last, chain } = behindLayout(nodes, output);
  const z = last && sigmoidOf(b, nodes, last);
  if (z !== undefined) return laidOut(b, chain, z);
  checkNoProbabilities(b, nodes, output, 'bceWithLogits');
  return itself(output);
}
