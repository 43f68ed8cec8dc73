import { create } from '@bufbuild/protobuf';
import { fail } from '../errors.ts';
import {
  type AttributeValue,
  attribute,
  float,
  floats,
  int,
  ints,
  makeAttribute,
  text,
} from '../format/attributes.ts';
import { DataType } from '../format/dataType.ts';
import { describeNode } from '../format/describeNode.ts';
import { makeTensor } from '../format/tensor.ts';
import { type NodeProto, NodeProtoSchema, type TensorProto } from '../generated/onnx_pb.ts';
import { inputOf } from '../graph/infer.ts';
import type { Ops } from '../graph/ops.ts';
import { timeFirst } from './batchFirst.ts';
import { isUnsettled, settle } from './oldestForms.ts';

/** The opset in which gradients are written. Older models are upgraded to it. */
export const workingOpset = 18;

/** Rewrites one node of an older opset. Returns its replacements in order. */
type Rewrite = (node: NodeProto, b: Ops, opset: number) => readonly NodeProto[] | undefined;

function without(node: NodeProto, ...names: string[]): void {
  node.attribute = node.attribute.filter(({ name }) => !names.includes(name));
}

function set(node: NodeProto, name: string, value: AttributeValue): void {
  without(node, name);
  node.attribute.push(makeAttribute(name, value));
}

/** Puts a constant at an input position of a node. Missing inputs before it get empty names. */
function putInput(node: NodeProto, at: number, name: string): void {
  while (node.input.length < at) node.input.push('');
  node.input[at] = name;
}

/** Turns an attribute into the int64 input that replaced it. */
const axesToInput =
  (since: number, name = 'axes', at = 1): Rewrite =>
  (node, b, opset) => {
    const values = ints(node, name);
    if (opset >= since) return undefined;
    without(node, name);
    if (values) putInput(node, at, b.ints(values));
    return undefined;
  };

/** Before opset 13, Softmax flattened all axes from `axis` on. */
const softmaxOverRest: Rewrite = (node, b, opset) => {
  if (opset >= 13) return undefined;
  const x = inputOf(node, 0);
  const axis = int(node, 'axis', 1);
  const rank = b.dims(x)?.length;
  if (axis === -1 || (rank !== undefined && axis === rank - 1)) {
    set(node, 'axis', -1);
    return undefined;
  }
  const flat = b.emit('Flatten', [x], { axis });
  const inner = b.emit(node.opType, [flat], { axis: -1 });
  return [nodeOf(node, 'Reshape', [inner, b.shapeOf(x)])];
};

/** A node that replaces another one under the same name. It has the same outputs unless others are given. */
function nodeOf(
  { name, output }: NodeProto,
  op: string,
  inputs: readonly string[],
  outputs: readonly string[] = output,
): NodeProto {
  return create(NodeProtoSchema, { opType: op, name, input: [...inputs], output: [...outputs] });
}

/** Before opset 11, the bounds of Clip were attributes. */
const clipBounds: Rewrite = (node, b, opset) => {
  if (opset >= 11) return undefined;
  const [low, high] = [attribute(node, 'min')?.f, attribute(node, 'max')?.f];
  without(node, 'min', 'max');
  if (low !== undefined) putInput(node, 1, b.scalar(low, inputOf(node, 0)));
  if (high !== undefined) putInput(node, 2, b.scalar(high, inputOf(node, 0)));
  return undefined;
};

const padAttributes: Rewrite = (node, b, opset) => {
  if (opset >= 11) return undefined;
  const pads = ints(node, 'pads') ?? [];
  const value = float(node, 'value', 0);
  without(node, 'pads', 'value');
  putInput(node, 1, b.ints(pads));
  if (value !== 0) putInput(node, 2, b.scalar(value, inputOf(node, 0)));
  return undefined;
};

const sliceAttributes: Rewrite = (node, b, opset) => {
  if (opset >= 10) return undefined;
  const [starts, ends, axes] = ['starts', 'ends', 'axes'].map((name) => ints(node, name));
  without(node, 'starts', 'ends', 'axes');
  putInput(node, 1, b.ints(starts ?? []));
  putInput(node, 2, b.ints(ends ?? []));
  if (axes) putInput(node, 3, b.ints(axes));
  return undefined;
};

/** Since opset 12, an input selects Dropout's training mode. Before that, exported models were in inference mode. */
const dropoutRatio: Rewrite = (node, b, opset) => {
  if (opset >= 12) return undefined;
  const ratio = float(node, 'ratio', 0.5);
  without(node, 'ratio');
  putInput(node, 1, b.literal(DataType.FLOAT, [], [ratio]));
  return undefined;
};

/** Since opset 18, an even split states its number of outputs. */
const splitCount: Rewrite = (node, b, opset) => {
  if (opset < 13) axesToInput(13, 'split')(node, b, opset);
  if (opset < 18 && inputOf(node, 1) === '') set(node, 'num_outputs', node.output.length);
  return undefined;
};

/** Before opset 14, BatchNormalization was in training mode if it had more than one output. */
const batchNormMode: Rewrite = (node, _b, opset) => {
  if (opset >= 14) return undefined;
  if (opset < 9 && int(node, 'spatial', 1) === 0) {
    throw fail(
      'a BatchNormalization with statistics for each channel',
      `${describeNode(node)}, with statistics for each position (spatial = 0)`,
      'Export the model again with opset 9 or newer.',
    );
  }
  const training = node.output.slice(1).some((name) => name !== '');
  without(node, 'spatial', 'is_test');
  if (training) set(node, 'training_mode', 1);
  node.output = node.output.slice(0, training ? 3 : 1);
  return undefined;
};

const topKCount: Rewrite = (node, b, opset) => {
  if (opset >= 10) return undefined;
  putInput(node, 1, b.ints([int(node, 'k', 1)]));
  without(node, 'k');
  return undefined;
};

/** Upsample is a Resize with older rules for coordinates and rounding. */
const upsampleToResize: Rewrite = (node, b) => {
  const scales = floats(node, 'scales');
  const given = inputOf(node, 1) || (scales ? b.literal(DataType.FLOAT, [scales.length], scales) : '');
  const resize = nodeOf(node, 'Resize', [inputOf(node, 0), '', given]);
  return oldResize(resize, text(node, 'mode', 'nearest'), 'floor');
};

function oldResize(node: NodeProto, mode: string, nearest: 'floor' | 'ceil'): NodeProto[] {
  set(node, 'mode', mode);
  set(node, 'coordinate_transformation_mode', 'asymmetric');
  set(node, 'nearest_mode', nearest);
  return [node];
}

/** In ONNX Runtime, a Resize of opset 10 in mode "nearest" rounds down on axes that grow and up on axes that shrink. */
const resizeScales: Rewrite = (node, b, opset) => {
  if (opset >= 11) return undefined;
  const [x, given] = [inputOf(node, 0), inputOf(node, 1)];
  const mode = text(node, 'mode', 'nearest');
  const resize = (from: string, scales: string, to: string[], nearest: 'floor' | 'ceil'): NodeProto[] =>
    oldResize(nodeOf(node, 'Resize', [from, '', scales], to), mode, nearest);
  const scales = b.numbers(given);
  if (mode !== 'nearest' || scales?.every((scale) => scale >= 1))
    return resize(x, given, node.output, 'floor');
  if (!scales) {
    throw fail(
      'the scales of a Resize of opset 10 to be constant in mode "nearest"',
      `${describeNode(node)}, whose scales are computed while the model runs`,
      'Export the model with opset 11 or newer.',
    );
  }
  if (scales.every((scale) => scale <= 1)) return resize(x, given, node.output, 'ceil');
  const only = (kept: (scale: number) => boolean): string =>
    b.literal(
      DataType.FLOAT,
      [scales.length],
      scales.map((scale) => (kept(scale) ? scale : 1)),
    );
  const grown = b.uniqueName('Resize');
  return [
    ...resize(
      x,
      only((scale) => scale >= 1),
      [grown],
      'floor',
    ),
    ...resize(
      grown,
      only((scale) => scale < 1),
      node.output,
      'ceil',
    ),
  ];
};

/** Before opset 16, RoiAlign measured coordinates from pixel corners. */
const roiCorners: Rewrite = (node, _b, opset) => {
  if (opset < 16) set(node, 'coordinate_transformation_mode', 'output_half_pixel');
  return undefined;
};

/** Scatter was renamed to ScatterElements in opset 11. */
const renameScatter: Rewrite = (node) => {
  node.opType = 'ScatterElements';
  return undefined;
};

const reductions = ['Mean', 'Max', 'Min', 'Prod', 'L1', 'L2', 'LogSum', 'LogSumExp', 'SumSquare'];

const rewrites: ReadonlyMap<string, Rewrite> = new Map<string, Rewrite>([
  ['Softmax', softmaxOverRest],
  ['LogSoftmax', softmaxOverRest],
  ['Hardmax', softmaxOverRest],
  ['Squeeze', axesToInput(13)],
  ['Unsqueeze', axesToInput(13)],
  ['ReduceSum', axesToInput(13)],
  ...reductions.map((name): [string, Rewrite] => [`Reduce${name}`, axesToInput(18)]),
  ['Split', splitCount],
  ['Clip', clipBounds],
  ['Pad', padAttributes],
  ['Slice', sliceAttributes],
  ['Dropout', dropoutRatio],
  ['BatchNormalization', batchNormMode],
  ['RoiAlign', roiCorners],
  ['Scatter', renameScatter],
  ['TopK', topKCount],
  ['Upsample', upsampleToResize],
  ['Resize', resizeScales],
]);

/** The tensor of a Constant node, from any of its attributes. */
export function constantOf(node: NodeProto): TensorProto | undefined {
  const name = node.output[0] ?? '';
  const [held] = node.attribute;
  switch (held?.name) {
    case 'value':
      if (held.t) held.t.name = name;
      return held.t;
    case 'value_float':
      return makeTensor(name, DataType.FLOAT, [], [held.f]);
    case 'value_floats':
      return makeTensor(name, DataType.FLOAT, [held.floats.length], held.floats);
    case 'value_int':
      return makeTensor(name, DataType.INT64, [], [Number(held.i)]);
    case 'value_ints':
      return makeTensor(name, DataType.INT64, [held.ints.length], held.ints.map(Number));
    default:
      return undefined;
  }
}

/** Whether a node of an older opset may have another meaning in the working opset. */
export function needsUpgrade(node: NodeProto, opset: number): boolean {
  const changed = opset < workingOpset && rewrites.has(node.opType);
  return isDefault(node) && (changed || isUnsettled(node, opset));
}

const isDefault = ({ domain }: NodeProto): boolean => domain === '' || domain === 'ai.onnx';

/**
 * Appends a node of the model to the growing graph, as the working opset defines it. Constants become initializers.
 *
 * @param adjust - may change a node after the upgrade
 */
export function appendUpgraded(
  b: Ops,
  node: NodeProto,
  opset: number,
  adjust: (node: NodeProto, b: Ops) => void,
): void {
  const constant = node.opType === 'Constant' ? constantOf(node) : undefined;
  if (constant) {
    b.addInitializer(constant);
    return;
  }
  const { opType, docString } = node;
  b.writtenFor(describeNode(node), () => {
    if (isDefault(node)) settle(node, b, opset);
    const older = needsUpgrade(node, opset) ? rewrites.get(opType)?.(node, b, opset) : undefined;
    for (const item of older ?? timeFirst(node, b) ?? [node]) {
      adjust(item, b);
      b.append(item);
    }
  });
  // Restores the doc string, so that the node still counts as the user's, unless it has become another operator.
  if (node.opType === opType) node.docString = docString;
}
