import { clone } from '@bufbuild/protobuf';
import { fail } from '../errors.ts';
import { int } from '../format/attributes.ts';
import { describeNode } from '../format/describeNode.ts';
import { type NodeProto, NodeProtoSchema } from '../generated/onnx_pb.ts';
import { differentiate } from '../gradients/differentiate.ts';
import { axisOf, inputOf } from '../graph/infer.ts';
import type { Ops } from '../graph/ops.ts';
import { isLayout, sourceAxis } from '../graph/sourceAxis.ts';
import { isOne, makerOfProbabilities, type Nodes, producer, sigmoidOf, softmaxOf } from './probabilities.ts';

/** The value on which a classifier's loss is computed, and a function that passes its gradient back into the model. */
export interface Logits {
  readonly value: string;
  readonly back: (gradient: string) => ReadonlyMap<string, string>;
}

const itself = (value: string): Logits => ({ value, back: (gradient) => new Map([[value, gradient]]) });

/** The node before the layout operators, and these operators in execution order. */
function behindLayout(nodes: Nodes, output: string): { last: NodeProto | undefined; chain: NodeProto[] } {
  const chain: NodeProto[] = [];
  let last = producer(nodes, output);
  while (last && isLayout(last)) {
    chain.unshift(last);
    last = producer(nodes, inputOf(last, 0));
  }
  return { last, chain };
}

/** Applies the layout operators of `chain` to `value`, and returns the result with a function for the gradient. */
function laidOut(b: Ops, chain: Nodes, value: string): Logits {
  if (chain.length === 0) return itself(value);
  const mark = b.nodes.length;
  let moved = value;
  for (const node of chain) {
    const next = b.uniqueName(node.opType);
    const copy = clone(NodeProtoSchema, node);
    b.append(Object.assign(copy, { name: next, input: [moved, ...node.input.slice(1)], output: [next] }));
    moved = next;
  }
  const nodes = b.nodes.slice(mark);
  const back: Logits['back'] = (gradient) =>
    differentiate(b, nodes, new Map([[moved, gradient]]), [value], () => b.opset);
  return { value: moved, back };
}

/**
 * Returns z if an output holds the probabilities 1 − σ(z) and σ(z) of two classes, as from scikit-learn's binary
 * classifiers.
 */
function binary(b: Ops, nodes: Nodes, last: NodeProto): string | undefined {
  const [no, yes] = last.input.map((name) => behindLayout(nodes, name).last);
  if (last.input.length !== 2 || yes?.opType !== 'Sigmoid' || no?.opType !== 'Sub') return undefined;
  return isOne(b, inputOf(no, 0)) && behindLayout(nodes, inputOf(no, 1)).last === yes
    ? inputOf(yes, 0)
    : undefined;
}

/** Refuses probabilities whose logits cannot be found, because the loss would apply a second softmax or sigmoid. */
function checkNoProbabilities(b: Ops, nodes: Nodes, output: string, loss: string): void {
  const maker = makerOfProbabilities(b, nodes, output);
  if (!maker) return;
  throw fail(
    `logits for the loss "${loss}"`,
    `"${output}", probabilities that ${describeNode(maker)} makes in a way that this loss does not support`,
    'Make the logits an output of the model and name it with `output`, or compute the loss in the model and pass { output }.',
  );
}

/** The axis of the Softmax at the end of a classifier. It is undefined if the classifier has none there. */
export function softmaxAxis(b: Ops, nodes: Nodes, output: string): number | undefined {
  const { last, chain } = behindLayout(nodes, output);
  if (last?.opType !== 'Softmax' && last?.opType !== 'LogSoftmax') return undefined;
  for (const node of [last, ...chain]) b.shape(node.output[0] as string);
  const softmax = softmaxOf(b, nodes, last);
  const found = b.shape(output).flatMap((_, classes) => {
    let axis: number | undefined = classes;
    for (const node of [...chain].reverse())
      axis = axis === undefined ? undefined : sourceAxis(node, axis, b);
    return axis !== undefined && axis === softmax?.axis ? [classes] : [];
  });
  return found.length === 1 ? found[0] : undefined;
}

/**
 * The logits of a classifier: the model's output, or the input of its last (Log)Softmax over the classes, in the layout
 * of the output.
 *
 * @param classes - the axis of the classes
 * @throws {ClrError} if the output holds probabilities that are made in another way
 */
export function logitsOf(b: Ops, nodes: Nodes, output: string, classes: number): Logits {
  const { last, chain } = behindLayout(nodes, output);
  if (last?.opType === 'Softmax') for (const node of [last, ...chain]) b.shape(node.output[0] as string);
  const softmax = last && softmaxOf(b, nodes, last);
  if (softmax) {
    let axis: number | undefined = classes;
    for (const node of [...chain].reverse())
      axis = axis === undefined ? undefined : sourceAxis(node, axis, b);
    if (axis === softmax.axis) return laidOut(b, chain, softmax.input);
  }
  const concatenates = last?.opType === 'Concat' && chain.every(({ opType }) => opType === 'Identity');
  if (concatenates && axisOf(int(last, 'axis', 0), b.rank(output)) === classes) {
    const z = binary(b, nodes, last);
    if (z !== undefined) {
      return {
        value: b.concat([b.zerosLike(z), z], classes),
        back: (gradient) => new Map([[z, b.slice(gradient, [1], [2], [classes])]]),
      };
    }
  }
  checkNoProbabilities(b, nodes, output, 'crossEntropy');
  return itself(output);
}

/**
 * The logits of a binary output: the output itself, or the input of its last Sigmoid, in the layout of the output.
 *
 * @throws {ClrError} if the output holds probabilities that are made in another way
 */
export function logitOf(b: Ops, nodes: Nodes, output: string): Logits {
  const { last, chain } = behindLayout(nodes, output);
  const z = last && sigmoidOf(b, nodes, last);
  if (z !== undefined) return laidOut(b, chain, z);
  checkNoProbabilities(b, nodes, output, 'bceWithLogits');
  return itself(output);
}
