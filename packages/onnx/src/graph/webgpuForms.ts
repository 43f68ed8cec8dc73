import { create } from '@bufbuild/protobuf';
import { type NodeProto, NodeProtoSchema } from '../generated/onnx_pb.ts';
import { float, int, ints } from './attributes.ts';
import type { Builder } from './builder.ts';
import { inputOf } from './infer.ts';
import { nodeOf } from './nodeOf.ts';

/** WebGPU promises 8 buffers for each shader: one input and as many outputs. */
const mostOutputs = 7;

/** A Split into more parts than a shader has buffers for, as a Split into groups and a Split of each. */
function splitInGroups(node: NodeProto, b: Builder): NodeProto[] {
  const axis = int(node, 'axis', 0);
  const dims = b.dims(inputOf(node, 0));
  const whole = dims?.[axis < 0 ? axis + dims.length : axis];
  const even = typeof whole === 'number' ? Math.ceil(whole / node.output.length) : undefined;
  const sizes =
    b.numbers(node.input[1]) ??
    (even === undefined
      ? undefined
      : node.output.map((_, i) => Math.min(even, Math.max(0, (whole as number) - i * even))));
  if (sizes?.length !== node.output.length) return [node];
  const groupSize = Math.ceil(sizes.length / mostOutputs);
  const starts = Array.from({ length: Math.ceil(sizes.length / groupSize) }, (_, i) => i * groupSize);
  const split = (from: string, parts: readonly number[], to: readonly string[]): NodeProto[] => {
    const part = nodeOf('Split', [from, b.ints(parts)], to, { axis });
    return to.length > mostOutputs ? splitInGroups(part, b) : [part];
  };
  const groups = starts.map((start) => ({
    name: b.fresh('Split'),
    sizes: sizes.slice(start, start + groupSize),
    outputs: node.output.slice(start, start + groupSize),
  }));
  const totals = groups.map((group) => group.sizes.reduce((sum, size) => sum + size, 0));
  return [
    ...split(
      inputOf(node, 0),
      totals,
      groups.map(({ name }) => name),
    ),
    ...groups.flatMap((group) => split(group.name, group.sizes, group.outputs)),
  ];
}

/**
 * ONNX Runtime's WebGPU Conv reads 6, 9, 15, … input channels wrongly when the output channels are a
 * multiple of 4 (microsoft/onnxruntime issue 29651): the channels are filled up with zeros to a multiple of 4.
 */
function convFilledUp(node: NodeProto, b: Builder): NodeProto[] {
  const [x, w] = [inputOf(node, 0), inputOf(node, 1)];
  const [outputs, inputs] = b.dims(w) ?? [];
  const rank = b.dims(w)?.length ?? 0;
  if (int(node, 'group', 1) !== 1 || typeof inputs !== 'number' || inputs <= 3) return [node];
  if (inputs % 3 !== 0 || inputs % 4 === 0 || (typeof outputs === 'number' && outputs % 4 !== 0))
    return [node];
  const none = Array(rank).fill(0);
  const pads = b.ints([...none, 0, 4 - (inputs % 4), ...Array(rank - 2).fill(0)]);
  const [data, kernel] = [b.fresh('Pad'), b.fresh('Pad')];
  const conv = create(NodeProtoSchema, { ...node, input: [data, kernel, ...node.input.slice(2)] });
  return [nodeOf('Pad', [x, pads], [data]), nodeOf('Pad', [w, pads], [kernel]), conv];
}

/** BatchNormalization in training form, which WebGPU lacks, in parts. */
function batchNormInParts(node: NodeProto, b: Builder): NodeProto[] {
  const [x, scale, bias, mean, variance] = [0, 1, 2, 3, 4].map((i) => inputOf(node, i)) as [
    string,
    string,
    string,
    string,
    string,
  ];
  const rank = b.dims(x)?.length;
  if (int(node, 'training_mode', 0) !== 1 || rank === undefined) return [node];
  const nodes: NodeProto[] = [];
  const add = (op: string, input: readonly string[], output = b.fresh(op), keepdims?: number): string => {
    nodes.push(nodeOf(op, input, [output], keepdims === undefined ? {} : { keepdims }));
    return output;
  };
  const others = b.ints(Array.from({ length: rank }, (_, i) => i).filter((axis) => axis !== 1));
  const perChannel = b.ints([1, -1, ...Array(rank - 2).fill(1)]);
  const flat = b.ints([-1]);
  const center = add('ReduceMean', [x, others], undefined, 1);
  const offset = add('Sub', [x, center]);
  const spread = add('ReduceMean', [add('Mul', [offset, offset]), others], undefined, 1);
  const stable = add('Add', [spread, b.scalar(float(node, 'epsilon', 1e-5), x)]);
  const slope = add('Div', [add('Reshape', [scale, perChannel]), add('Sqrt', [stable])]);
  add('Add', [add('Mul', [offset, slope]), add('Reshape', [bias, perChannel])], node.output[0]);
  const kept = float(node, 'momentum', 0.9);
  const running = (before: string, now: string, output: string | undefined): void => {
    if (!output) return;
    const old = add('Mul', [before, b.scalar(kept, before)]);
    add('Add', [old, add('Mul', [add('Reshape', [now, flat]), b.scalar(1 - kept, before)])], output);
  };
  running(mean, center, node.output[1]);
  running(variance, spread, node.output[2]);
  return nodes;
}

/** Where WebGPU wants another form of a node than the standard allows, the nodes that replace it. */
export function webgpuForm(node: NodeProto, b: Builder): readonly NodeProto[] {
  if (node.domain !== '' && node.domain !== 'ai.onnx') return [node];
  if (node.opType === 'Split' && node.output.length > mostOutputs) return splitInGroups(node, b);
  if (node.opType === 'BatchNormalization') return batchNormInParts(node, b);
  if (node.opType === 'Conv' && ints(node, 'kernel_shape')?.every((size) => size === 1) !== true) {
    return convFilledUp(node, b);
  }
  return [node];
}
