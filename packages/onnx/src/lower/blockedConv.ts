import { attribute, int, ints, text } from '../format/attributes.ts';
import { DataType } from '../format/dataType.ts';
import type { NodeProto } from '../generated/onnx_pb.ts';
import { inputOf } from '../graph/infer.ts';
import type { Ops } from '../graph/ops.ts';
import { isStatic } from '../graph/value.ts';
import { blockedDomain, emitBlocked, inBlocks } from './blocked.ts';

/** A kernel [from, to/group, height, width] or, of a transposed convolution, [to, from/group, height, width]. */
interface Kernel {
  readonly first: number;
  readonly second: number;
  readonly height: number;
  readonly width: number;
  /** Each channel has a kernel of its own. */
  readonly separate: boolean;
}

/**
 * The sizes of a kernel that a convolution, or the way back through one, can have in blocks: its channels fill whole
 * blocks, and it has more than one element.
 */
export function blockedKernel(b: Ops, weight: string, group: number): Kernel | undefined {
  const { channelBlock: block } = b;
  const dims = b.dims(weight);
  if (block === 1 || dims?.length !== 4 || !isStatic(dims) || b.type(weight).type !== DataType.FLOAT)
    return undefined;
  const [first, second, height, width] = dims as [number, number, number, number];
  const separate = second === 1 && group === first;
  const fits = first % block === 0 && (separate || (group === 1 && second % block === 0));
  return fits && height * width > 1 ? { first, second, height, width, separate } : undefined;
}

/** [M, C, kH, kW] → [M/block, C/block, kH, kW, block of C, block of M], by what puts channels in blocks, done twice. */
function forwardKernel(b: Ops, weight: string, { first, second, height, width, separate }: Kernel): string {
  const inputs = separate ? weight : inBlocks(b, weight);
  const both = inBlocks(b, b.reshape(inputs, [1, first, second * height, width]));
  return b.reshape(both, [first, second, height, width]);
}

/** [C, M, kH, kW] → [M/block, C/block, kH, kW, block of C, block of M], each spatial axis reversed. */
function reversedKernel(b: Ops, weight: string, { first, second, height, width, separate }: Kernel): string {
  const { channelBlock: block } = b;
  const inputs = inBlocks(b, b.reshape(weight, [1, first, second * height, width]));
  const both = separate
    ? inputs
    : inBlocks(b, b.reshape(inputs, [first / block, second, height, width * block]));
  const outer = separate ? [first / block, 1] : [first / block, second / block];
  const reversed = b.slice(
    b.reshape(both, [...outer, height, width, -1]),
    [-1, -1],
    [-(2 ** 31), -(2 ** 31)],
    [2, 3],
    [-1, -1],
  );
  const turned = outer.includes(1) ? reversed : b.transpose(reversed, [1, 0, 2, 3, 4]);
  return b.reshape(turned, separate ? [first, 1, height, width] : [second, first, height, width]);
}

function convInBlocks(node: NodeProto, b: Ops, kernel: Kernel): boolean {
  const [x, w] = [inputOf(node, 0), inputOf(node, 1)];
  const data = inBlocks(b, x);
  const result = b.uniqueName('Conv');
  b.append({
    ...node,
    domain: blockedDomain,
    name: result,
    input: [data, forwardKernel(b, w, kernel), ...node.input.slice(2)],
    output: [result],
  });
  b.declare(result, DataType.FLOAT, b.dims(node.output[0] as string));
  return writePlain(b, node, result, kernel.first);
}

/** The plain layout of a result in blocks, under the node's own name, of which all is known already. */
function writePlain(b: Ops, node: NodeProto, result: string, channels: number): true {
  const y = node.output[0] as string;
  const { type, dims } = b.type(y);
  b.emitAs(`${blockedDomain}:ReorderOutput`, [result], { channels }, y);
  b.declare(y, type, dims);
  return true;
}

/**
 * A transposed convolution as a convolution with the reversed kernel. At a stride, the elements of its input are set
 * apart by zeros; the runtime's own form is faster where channels meet.
 */
function transposedInBlocks(node: NodeProto, b: Ops, kernel: Kernel): boolean {
  const { channelBlock: block } = b;
  const { first, second, separate } = kernel;
  const [x, w] = [inputOf(node, 0), inputOf(node, 1)];
  const sizes = b.dims(x)?.slice(2);
  const auto = text(node, 'auto_pad', 'NOTSET');
  if (attribute(node, 'output_shape') || (auto !== 'NOTSET' && auto !== '')) return false;
  const [down, across] = (ints(node, 'strides') ?? [1, 1]) as [number, number];
  const [tall, wide] = (ints(node, 'dilations') ?? [1, 1]) as [number, number];
  const [top, left, bottom, right] = (ints(node, 'pads') ?? [0, 0, 0, 0]) as [number, number, number, number];
  const [below, beside] = (ints(node, 'output_padding') ?? [0, 0]) as [number, number];
  const [up, over] = [(kernel.height - 1) * tall, (kernel.width - 1) * wide];
  const pads = [up - top, over - left, up - bottom + below - down + 1, over - right + beside - across + 1];
  const apart = down > 1 || across > 1;
  if (pads.some((pad) => pad < 0) || (apart && !(separate && isStatic(sizes)))) return false;

  let data = inBlocks(b, x);
  if (apart) {
    const [height, width] = sizes as [number, number];
    const places = b.reshape(data, [-1, 1, width, block]);
    const spread = b.emit('Pad', [places, b.ints([0, 0, 0, 0, 0, down - 1, 0, (across - 1) * block])]);
    data = b.reshape(spread, [-1, first, height * down, width * across]);
  }
  const bias = node.input.slice(2);
  const result = emitBlocked(
    b,
    'Conv',
    [data, reversedKernel(b, w, kernel), ...bias],
    {
      kernel_shape: [kernel.height, kernel.width],
      dilations: [tall, wide],
      group: separate ? first : 1,
      pads,
    },
    b.dims(node.output[0] as string),
  );
  return writePlain(b, node, result, separate ? first : second);
}

/**
 * Writes a convolution on channels in blocks, [N, C/block, H, W, block], between two changes of layout; whether it did.
 * ONNX Runtime makes this form by itself where a kernel is a constant; here kernels are trained, and their
 * layout changes in the graph. What that is worth: `benchmarks/onnx-step/blocked.ts`. Kernels of one element stay plain.
 */
export function writeInBlocks(node: NodeProto, b: Ops): boolean {
  if (node.domain !== '' || !/^Conv(Transpose)?$/.test(node.opType)) return false;
  const kernel = blockedKernel(b, inputOf(node, 1), int(node, 'group', 1));
  if (!kernel) return false;
  return node.opType === 'Conv' ? convInBlocks(node, b, kernel) : transposedInBlocks(node, b, kernel);
}
