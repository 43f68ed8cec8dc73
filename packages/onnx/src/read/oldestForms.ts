import { fail } from '../errors.ts';
import { attribute, float, int, ints, makeAttribute, text } from '../format/attributes.ts';
import { DataType } from '../format/dataType.ts';
import { describeNode } from '../format/describeNode.ts';
import { isHalf } from '../format/half.ts';
import type { NodeProto } from '../generated/onnx_pb.ts';
import { inputOf } from '../graph/infer.ts';
import type { Ops } from '../graph/ops.ts';

/** The first opset whose nodes need none of the rewrites in this file. */
export const firstSettledOpset = 7;

/** Rewrites a node of an older opset as opset 7 defines it. It may emit further nodes before this node. */
type Settle = (node: NodeProto, b: Ops, opset: number) => void;

function without(node: NodeProto, ...names: string[]): void {
  node.attribute = node.attribute.filter(({ name }) => !names.includes(name));
}

function refuse(node: NodeProto, expected: string, received: string): Error {
  return fail(
    expected,
    `${describeNode(node)}, with ${received}`,
    'Export the model again with opset 11 or newer.',
  );
}

/**
 * Appends axes of size 1 to the second input, so that its first axis is aligned with axis `axis` of the first input.
 */
function putAlong(node: NodeProto, b: Ops, axis: number): void {
  const [x, y] = [inputOf(node, 0), inputOf(node, 1)];
  const [rank, own] = [b.dims(x)?.length, b.dims(y)?.length];
  if (rank === undefined || own === undefined)
    throw refuse(
      node,
      `inputs of known rank for an operator older than opset ${firstSettledOpset}`,
      `axis = ${axis}`,
    );
  const behind = rank - (axis < 0 ? axis + rank : axis) - own;
  if (behind < 0) throw refuse(node, 'a second input that can be broadcast to the first', `axis = ${axis}`);
  const axes = Array.from({ length: behind }, (_, i) => own + i);
  if (behind > 0) node.input[1] = b.unsqueeze(y, axes);
}

/** In old opsets, binary operators did not broadcast by default. The attribute `axis` aligned the second input. */
const stretched: Settle = (node, b) => {
  const [asked, axis] = [int(node, 'broadcast', 0) === 1, attribute(node, 'axis')];
  without(node, 'broadcast', 'axis');
  if (asked && axis) putAlong(node, b, Number(axis.i));
};

/** In old opsets, the slope of PRelu had one element for each channel. */
const slopes: Settle = (node, b) => {
  const [own] = b.dims(inputOf(node, 1)) ?? [];
  if (own !== 1) putAlong(node, b, 1);
};

const batchNorm: Settle = (node) => {
  const tested = int(node, 'is_test', 0) !== 0;
  const alone = node.output.slice(1).every((name) => name === '');
  if (alone !== tested)
    throw refuse(
      node,
      'a BatchNormalization in inference mode (is_test) with one output',
      `is_test = ${Number(tested)}`,
    );
  without(node, 'is_test');
};

const drop =
  (...names: string[]): Settle =>
  (node) =>
    without(node, ...names);

/** Turns an attribute into the int64 input that replaced it. */
const intoInput =
  (name: string, since: number): Settle =>
  (node, b, opset) => {
    const values = ints(node, name);
    if (opset >= since || !values) return;
    without(node, name);
    node.input[1] = b.ints(values);
  };

/** In old opsets, Cast took its target type as a string. */
const castByName: Settle = (node, _b, opset) => {
  if (opset >= 6) return;
  const word = text(node, 'to', '');
  const type = DataType[word.toUpperCase() as keyof typeof DataType];
  if (!type) throw refuse(node, 'the name of an ONNX type', `to = "${word}"`);
  without(node, 'to');
  // All float16 values of the model have already been widened to float32.
  node.attribute.push(makeAttribute('to', isHalf(type) ? DataType.FLOAT : type));
};

/** Adds the old default value of an attribute whose default has changed. */
const preset =
  (name: string, since: number, value: number | { readonly float: number }): Settle =>
  (node, _b, opset) => {
    if (opset < since && !attribute(node, name)) node.attribute.push(makeAttribute(name, value));
  };

/** In old opsets, the exponent of LpPool was a float. */
const wholePower: Settle = (node, _b, opset) => {
  if (opset >= 2 || !attribute(node, 'p')) return;
  const power = float(node, 'p', 2);
  if (!Number.isInteger(power)) throw refuse(node, 'a whole power', `p = ${power}`);
  without(node, 'p');
  node.attribute.push(makeAttribute('p', power));
};

const pads: Settle = (node) => {
  const old = attribute(node, 'paddings');
  if (old) old.name = 'pads';
};

/** In old opsets, Tile could repeat only one axis. */
const tile: Settle = (node, b, opset) => {
  if (opset >= 6) return;
  const rank = b.dims(inputOf(node, 0))?.length;
  const [[times], [axis]] = [1, 2].map((i) => b.constant(inputOf(node, i))?.values ?? []) as [
    number[],
    number[],
  ];
  if (rank === undefined || times === undefined || axis === undefined)
    throw refuse(
      node,
      'a Tile whose input has a known rank and whose repeats are constants',
      'an unknown rank or computed repeats',
    );
  const repeats = b.ints(Array.from({ length: rank }, (_, i) => (i === axis ? times : 1)));
  node.input.splice(1, 2, repeats);
};

/** In old opsets, the two scales of Upsample were separate attributes. */
const upsample: Settle = (node) => {
  const scales = ['height_scale', 'width_scale'].map((name) => float(node, name, 1));
  without(node, 'height_scale', 'width_scale');
  node.attribute.push(makeAttribute('scales', { floats: [1, 1, ...scales] }));
};

const binary = ['Add', 'Sub', 'Mul', 'Div', 'Pow', 'And', 'Or', 'Xor', 'Equal', 'Greater', 'Less'];

const settled: ReadonlyMap<string, Settle> = new Map<string, Settle>([
  ...binary.map((name): [string, Settle] => [name, stretched]),
  ['Gemm', drop('broadcast')],
  ['PRelu', slopes],
  ['BatchNormalization', batchNorm],
  ['Dropout', drop('is_test')],
  ...['RNN', 'GRU', 'LSTM'].map((name): [string, Settle] => [name, drop('output_sequence')]),
  ['Reshape', intoInput('shape', 5)],
  ['Cast', castByName],
  ['Concat', preset('axis', 4, 1)],
  [
    'Selu',
    (node, b, opset) => {
      preset('alpha', 6, { float: Math.fround(1.6732) })(node, b, opset);
      preset('gamma', 6, { float: Math.fround(1.0507) })(node, b, opset);
    },
  ],
  ['LpPool', wholePower],
  ['GlobalLpPool', wholePower],
  ['Pad', pads],
  ['Tile', tile],
  ['Upsample', upsample],
]);

/** Whether a node older than opset 7 may have another meaning in later opsets. */
export function isUnsettled(node: NodeProto, opset: number): boolean {
  return (
    opset < firstSettledOpset &&
    (settled.has(node.opType) || attribute(node, 'consumed_inputs') !== undefined)
  );
}

/**
 * Rewrites a node older than opset 7 as opset 7 defines it.
 *
 * @throws {ClrError} if opset 7 has no equivalent
 */
export function settle(node: NodeProto, b: Ops, opset: number): void {
  if (opset >= firstSettledOpset) return;
  // In old opsets, this attribute listed the inputs that may be overwritten.
  without(node, 'consumed_inputs');
  settled.get(node.opType)?.(node, b, opset);
}
