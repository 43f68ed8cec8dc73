import { fail } from '../errors.ts';
import type { NodeProto } from '../generated/onnx_pb.ts';
import { int } from '../graph/attributes.ts';
import type { Builder } from '../graph/builder.ts';
import { isFloat, typeName } from '../graph/dataType.ts';
import { operatorKey } from '../graph/graphBuilder.ts';
import { axisOf, inputOf } from '../graph/infer.ts';
import { show } from '../show.ts';
import type { TrainingOptions } from './options.ts';

/** What a classifier's loss is taken of, and how a gradient of it goes back to a value of the model. */
export interface Logits {
  readonly value: string;
  readonly back: (gradient: string) => ReadonlyMap<string, string>;
}

/** Follows Identity back to the node that makes a value. */
function producer(nodes: readonly NodeProto[], value: string): NodeProto | undefined {
  const node = nodes.find(({ output }) => output.includes(value));
  return node?.opType === 'Identity' ? producer(nodes, node.input[0] ?? '') : node;
}

/** The tensor behind an output: ZipMap gives scikit-learn's probabilities as a list of maps. */
function behindMaps(nodes: readonly NodeProto[], output: string): string {
  const last = producer(nodes, output);
  return last && operatorKey(last) === 'ai.onnx.ml:ZipMap' ? inputOf(last, 0) : output;
}

/**
 * The value the loss is taken of: the output that is named, or the first of floats.
 *
 * @param outputs - the names of the model's outputs
 * @throws {ClrError} when there is no such output, or it is not of floats
 */
export function lossInput(
  b: Builder,
  nodes: readonly NodeProto[],
  outputs: readonly string[],
  { loss, output }: Pick<TrainingOptions, 'loss' | 'output'>,
): string {
  const named = typeof loss === 'object' && loss !== null ? loss.output : output;
  const values = outputs.map((name) => behindMaps(nodes, name));
  const found =
    named === undefined ? values.findIndex((name) => isFloat(b.type(name).type)) : outputs.indexOf(named);
  const wanted = values[found < 0 && named === undefined ? 0 : found];
  if (wanted === undefined) {
    throw fail(
      `the name of one of the model's outputs: ${outputs.join(', ')}`,
      `output = ${show(named)}`,
      'Name an output of the model.',
    );
  }
  const { type } = b.type(wanted);
  if (type !== 0 && !isFloat(type)) {
    throw fail(
      `a float output to take the loss of`,
      `"${wanted}" of type ${typeName(type)}`,
      'Choose another output with `output`.',
    );
  }
  return wanted;
}

const itself = (value: string): Logits => ({ value, back: (gradient) => new Map([[value, gradient]]) });

/** z, where an output is the probabilities 1 − σ(z) and σ(z) of two classes, as scikit-learn's binary classifiers give. */
function binary(b: Builder, nodes: readonly NodeProto[], last: NodeProto): string | undefined {
  const [no, yes] = last.input.map((name) => producer(nodes, name));
  if (last.input.length !== 2 || yes?.opType !== 'Sigmoid' || no?.opType !== 'Sub') return undefined;
  const whole = b.constant(inputOf(no, 0))?.values;
  return whole?.length === 1 && whole[0] === 1 && producer(nodes, inputOf(no, 1)) === yes
    ? inputOf(yes, 0)
    : undefined;
}

/** The logits of a classifier: the model's output, or what its last (Log)Softmax over the classes is taken of. */
export function logitsOf(b: Builder, nodes: readonly NodeProto[], output: string): Logits {
  const last = producer(nodes, output);
  const alongClasses = (preset: number): boolean =>
    last !== undefined && axisOf(int(last, 'axis', preset), b.rank(output)) === 1;
  if (last?.opType === 'Softmax' || last?.opType === 'LogSoftmax') {
    return itself(alongClasses(-1) ? inputOf(last, 0) : output);
  }
  const z = last?.opType === 'Concat' && alongClasses(0) ? binary(b, nodes, last) : undefined;
  if (z === undefined) return itself(output);
  return {
    value: b.concat([b.zerosLike(z), z], 1),
    back: (gradient) => new Map([[z, b.slice(gradient, [1], [2], [1])]]),
  };
}

/** The logit of a binary output: the output itself, or what its last Sigmoid is taken of. */
export function logitOf(nodes: readonly NodeProto[], output: string): string {
  const last = producer(nodes, output);
  return last?.opType === 'Sigmoid' ? inputOf(last, 0) : output;
}
