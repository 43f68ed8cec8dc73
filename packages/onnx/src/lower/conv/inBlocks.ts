import { attribute, int, ints, text } from '../../format/attributes.ts';
import { copyNode } from '../../format/copyNode.ts';
import { DataType } from '../../format/dataType.ts';
import type { NodeProto } from '../../generated/onnx_pb.ts';
import { inputOf } from '../../graph/infer.ts';
import type { Ops } from '../../graph/ops.ts';
import { blockedDomain, emitBlocked, inBlocks } from '../blocks.ts';
import type { Row } from '../row.ts';
import { type BlockedKernel, blockedKernel, forwardKernel, reversedKernel } from './blockedKernel.ts';

/**
 * Converts a result from NCHWc to the plain layout, as the output of `node`. The type and shape of this output are
 * already known.
 */
export function writePlain(b: Ops, node: NodeProto, result: string, channels: number): undefined {
  const y = node.output[0] as string;
  const { type, dims } = b.type(y);
  b.emitAs(`${blockedDomain}:ReorderOutput`, [result], { channels }, y);
  b.declare(y, type, dims);
}

/**
 * A convolution in NCHWc, [N, C/block, H, W, block], between two changes of layout. If the kernel is constant, ONNX
 * Runtime itself changes the convolution to this layout, and keeps the layout from one convolution to the next. So
 * frozen convolutions are left to the runtime. For trained kernels, nodes of the graph change the layout. Convolutions
 * with a 1×1 kernel keep the plain layout.
 */
export const convInBlocks: Row<BlockedKernel> = {
  operator: 'Conv',
  form: 'in blocks',
  where: 'blocks',
  because:
    'measured by benchmarks/onnx-step/blocked.ts: with blocks of 8, steps take 0.54 to 0.77 of the time',
  applies: (node, graph, target) => {
    const weight = inputOf(node, 1);
    return graph.initializers.has(weight)
      ? undefined
      : blockedKernel(graph, weight, int(node, 'group', 1), target);
  },
  write: (node, b, kernel) => {
    const [x, w] = [inputOf(node, 0), inputOf(node, 1)];
    const data = inBlocks(b, x, kernel.block);
    const result = b.uniqueName('Conv');
    const input = [data, forwardKernel(b, w, kernel), ...node.input.slice(2)];
    b.append(copyNode(node, { domain: blockedDomain, name: result, input, output: [result] }));
    b.declare(result, DataType.FLOAT, b.dims(node.output[0] as string));
    return writePlain(b, node, result, kernel.first);
  },
};

/** The attributes of a transposed convolution, written as a convolution with the reversed kernel. */
interface Transposed {
  readonly kernel: BlockedKernel;
  readonly strides: readonly [down: number, across: number];
  readonly dilations: readonly number[];
  readonly pads: readonly number[];
  /** The input's height and width, if zeros must be inserted between its elements. */
  readonly spread: readonly [number, number] | undefined;
}

function transposedOf(
  node: NodeProto,
  kernel: BlockedKernel,
  sizes: readonly unknown[] | undefined,
): Transposed | undefined {
  const auto = text(node, 'auto_pad', 'NOTSET');
  if (attribute(node, 'output_shape') || (auto !== 'NOTSET' && auto !== '')) return undefined;
  const [down, across] = (ints(node, 'strides') ?? [1, 1]) as [number, number];
  const dilations = (ints(node, 'dilations') ?? [1, 1]) as [number, number];
  const [top, left, bottom, right] = (ints(node, 'pads') ?? [0, 0, 0, 0]) as [number, number, number, number];
  const [below, beside] = (ints(node, 'output_padding') ?? [0, 0]) as [number, number];
  const [up, over] = [(kernel.height - 1) * dilations[0], (kernel.width - 1) * dilations[1]];
  const pads = [up - top, over - left, up - bottom + below - down + 1, over - right + beside - across + 1];
  const apart = down > 1 || across > 1;
  if (pads.some((pad) => pad < 0)) return undefined;
  if (!apart) return { kernel, strides: [down, across], dilations, pads, spread: undefined };
  const known = sizes?.every((size) => typeof size === 'number') ? (sizes as [number, number]) : undefined;
  return kernel.depthwise && known
    ? { kernel, strides: [down, across], dilations, pads, spread: known }
    : undefined;
}

/**
 * A transposed convolution as a convolution with the reversed kernel. With a stride above 1, zeros are inserted between
 * the elements of its input. In that case, this form is used only if the convolution is depthwise, because otherwise
 * the runtime's own transposed convolution is faster.
 */
export const convTransposeInBlocks: Row<Transposed> = {
  operator: 'ConvTranspose',
  form: 'in blocks',
  where: 'blocks',
  because:
    'measured by benchmarks/onnx-step/blocked.ts; with a stride and a kernel that is not depthwise, the input gradient was 7 % slower',
  applies: (node, graph, target) => {
    const kernel = blockedKernel(graph, inputOf(node, 1), int(node, 'group', 1), target);
    const dims = graph.dims(inputOf(node, 0));
    return kernel && transposedOf(node, kernel, dims?.slice(2));
  },
  write: (node, b, { kernel, strides: [down, across], dilations, pads, spread }) => {
    const { block, first, second, depthwise } = kernel;
    let data = inBlocks(b, inputOf(node, 0), block);
    if (spread) {
      const [height, width] = spread;
      const places = b.reshape(data, [-1, 1, width, block]);
      const apart = b.emit('Pad', [places, b.ints([0, 0, 0, 0, 0, down - 1, 0, (across - 1) * block])]);
      data = b.reshape(apart, [-1, first, height * down, width * across]);
    }
    const result = emitBlocked(
      b,
      'Conv',
      [data, reversedKernel(b, inputOf(node, 1), kernel), ...node.input.slice(2)],
      {
        kernel_shape: [kernel.height, kernel.width],
        dilations,
        group: depthwise ? first : 1,
        pads,
      },
      b.dims(node.output[0] as string),
    );
    return writePlain(b, node, result, depthwise ? first : second);
  },
};
