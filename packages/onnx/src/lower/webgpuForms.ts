import { create } from '@bufbuild/protobuf';
import { float, int, ints } from '../format/attributes.ts';
import { type NodeProto, NodeProtoSchema } from '../generated/onnx_pb.ts';
import { inputOf } from '../graph/infer.ts';
import type { Ops } from '../graph/ops.ts';
import { transposedAsConv, writeTwoOutputs } from './webgpuConv.ts';
import { writeSafeMath } from './webgpuMath.ts';

/** WebGPU promises 8 buffers for each shader: one input and as many outputs. */
const mostOutputs = 7;

/** A Split into more parts than a shader has buffers for, as a Split into groups and a Split of each. */
function splitInGroups(node: NodeProto, b: Ops): boolean {
  const axis = int(node, 'axis', 0);
  const dims = b.dims(inputOf(node, 0));
  const whole = dims?.[axis < 0 ? axis + dims.length : axis];
  const even = typeof whole === 'number' ? Math.ceil(whole / node.output.length) : undefined;
  const sizes =
    b.numbers(node.input[1]) ??
    (even === undefined
      ? undefined
      : node.output.map((_, i) => Math.min(even, Math.max(0, (whole as number) - i * even))));
  if (sizes?.length !== node.output.length) return false;
  const split = (from: string, parts: readonly number[], to: readonly string[]): void => {
    if (to.length <= mostOutputs) {
      b.emitAs('Split', [from, b.ints(parts)], { axis }, ...to);
      return;
    }
    const size = Math.ceil(parts.length / mostOutputs);
    const starts = Array.from({ length: Math.ceil(parts.length / size) }, (_, i) => i * size);
    const groups = starts.map((start) => ({
      name: b.uniqueName('Split'),
      parts: parts.slice(start, start + size),
      to: to.slice(start, start + size),
    }));
    const totals = groups.map((group) => group.parts.reduce((sum, part) => sum + part, 0));
    b.emitAs('Split', [from, b.ints(totals)], { axis }, ...groups.map(({ name }) => name));
    for (const group of groups) split(group.name, group.parts, group.to);
  };
  split(inputOf(node, 0), sizes, node.output);
  return true;
}

/**
 * ONNX Runtime's WebGPU Conv reads 6, 9, 15, … input channels wrongly when the output channels are a
 * multiple of 4 (microsoft/onnxruntime issue 29651): the channels are filled up with zeros to a multiple of 4.
 */
function convFilledUp(node: NodeProto, b: Ops): boolean {
  const [x, w] = [inputOf(node, 0), inputOf(node, 1)];
  const [outputs, inputs] = b.dims(w) ?? [];
  const rank = b.dims(w)?.length ?? 0;
  const wrong =
    int(node, 'group', 1) === 1 &&
    typeof inputs === 'number' &&
    inputs > 3 &&
    inputs % 3 === 0 &&
    inputs % 4 !== 0 &&
    (typeof outputs !== 'number' || outputs % 4 === 0);
  if (!wrong) return false;
  const none = Array(rank).fill(0);
  const pads = b.ints([...none, 0, 4 - (inputs % 4), ...Array(rank - 2).fill(0)]);
  const filled = [x, w].map((value) => b.emit('Pad', [value, pads]));
  b.append(create(NodeProtoSchema, { ...node, input: [...filled, ...node.input.slice(2)] }));
  return true;
}

/** BatchNormalization in training form, which WebGPU lacks, in parts. */
function batchNormInParts(node: NodeProto, b: Ops): boolean {
  const [x, scale, bias, mean, variance] = [0, 1, 2, 3, 4].map((i) => inputOf(node, i)) as [
    string,
    string,
    string,
    string,
    string,
  ];
  const [y, ...running] = node.output as [string, ...string[]];
  const rank = b.dims(x)?.length;
  if (int(node, 'training_mode', 0) !== 1 || rank === undefined) return false;
  const others = Array.from({ length: rank }, (_, i) => i).filter((axis) => axis !== 1);
  const perChannel = [1, -1, ...Array(rank - 2).fill(1)];
  const center = b.reduceMean(x, others, true);
  const offset = b.sub(x, center);
  const spread = b.reduceMean(b.square(offset), others, true);
  const stable = b.add(spread, b.scalar(float(node, 'epsilon', 1e-5), x));
  const slope = b.div(b.reshape(scale, perChannel), b.sqrt(stable));
  b.emitAs('Add', [b.mul(offset, slope), b.reshape(bias, perChannel)], {}, y);
  const kept = float(node, 'momentum', 0.9);
  for (const [before, now, output] of [
    [mean, center, running[0]],
    [variance, spread, running[1]],
  ] as const) {
    if (!output) continue;
    const old = b.mul(before, b.scalar(kept, before));
    b.emitAs('Add', [old, b.mul(b.reshape(now, [-1]), b.scalar(1 - kept, before))], {}, output);
  }
  return true;
}

/** Writes a node in another form where WebGPU wants one than the standard allows; whether it did. */
export function writeForWebgpu(node: NodeProto, b: Ops): boolean {
  if (node.domain !== '' && node.domain !== 'ai.onnx') return false;
  if (node.opType === 'Split') return node.output.length > mostOutputs && splitInGroups(node, b);
  if (node.opType === 'BatchNormalization') return batchNormInParts(node, b);
  if (writeSafeMath(node, b)) return true;
  const conv = node.opType === 'ConvTranspose' ? transposedAsConv(node, b) : undefined;
  if (conv) {
    if (!convFilledUp(conv, b)) b.append(conv);
    return true;
  }
  if (node.opType === 'ConvTranspose') return writeTwoOutputs(node, b);
  if (node.opType !== 'Conv' || ints(node, 'kernel_shape')?.every((size) => size === 1)) return false;
  return convFilledUp(node, b);
}
