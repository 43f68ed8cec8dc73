import { create } from '@bufbuild/protobuf';
import { int, ints, makeAttribute, text } from '../../format/attributes.ts';
import { copyNode } from '../../format/copyNode.ts';
import { NodeProtoSchema } from '../../generated/onnx_pb.ts';
import { inputOf } from '../../graph/infer.ts';
import type { Ops } from '../../graph/ops.ts';
import { isStatic } from '../../graph/value.ts';
import type { Row } from '../row.ts';
import { appendFilledUp } from './conv.ts';

/** [N, C, n, …] → [N, C, n · stride, …] along every spatial axis: inserts zeros after each element. */
function spread(b: Ops, value: string, dims: readonly number[], strides: readonly number[]): string {
  const shape = [...dims];
  return strides.reduce((from, stride, i) => {
    if (stride === 1) return from;
    const axis = i + 1;
    const rest = shape.slice(axis + 1).reduce((product, size) => product * size, 1);
    const apart = b.reshape(from, [-1, shape[axis] as number, 1, rest]);
    shape[axis] = (shape[axis] as number) * stride;
    return b.reshape(b.emit('Pad', [apart, b.ints([0, 0, 0, 0, 0, 0, stride - 1, 0])]), [-1, ...shape]);
  }, value);
}

/** The channels and spatial sizes of the input, and the spatial sizes of the kernel. */
interface Sizes {
  readonly dims: readonly number[];
  readonly kernel: readonly number[];
}

/**
 * A transposed convolution over three spatial axes, written as a convolution. Zeros are inserted between the elements
 * of the input, and the kernel is reversed. This form supports neither groups nor unknown sizes.
 */
export const transposedAsConv: Row<Sizes> = {
  operator: 'ConvTranspose',
  form: 'as a convolution',
  where: 'webgpu',
  because: 'the provider does not support three spatial axes',
  applies: (node, graph) => {
    const dims = graph.dims(inputOf(node, 0))?.slice(1);
    const kernel = graph.dims(inputOf(node, 1))?.slice(2);
    const auto = text(node, 'auto_pad', 'NOTSET');
    if (!isStatic(dims) || !isStatic(kernel) || kernel.length !== 3 || int(node, 'group', 1) !== 1)
      return undefined;
    const explicit = !ints(node, 'output_shape') && (auto === 'NOTSET' || auto === 'VALID');
    return explicit ? { dims, kernel } : undefined;
  },
  write: (node, b, { dims, kernel }) => {
    const [x, w, ...bias] = node.input as [string, string, ...string[]];
    const list = (name: string, preset: number): number[] => ints(node, name) ?? Array(3).fill(preset);
    const [strides, dilations, more] = [list('strides', 1), list('dilations', 1), list('output_padding', 0)];
    const given = ints(node, 'pads') ?? Array(6).fill(0);
    const pads = kernel.flatMap((k, i) => {
      const reach = ((k as number) - 1) * (dilations[i] as number);
      const after = reach - (given[i + 3] as number) + (more[i] as number) - (strides[i] as number) + 1;
      return [reach - (given[i] as number), after];
    });
    const [before, after] = [0, 1].map((side) => pads.filter((_, i) => i % 2 === side)) as [
      number[],
      number[],
    ];

    const axes = [2, 3, 4];
    let data = spread(b, x, dims, strides);
    if (pads.some((pad) => pad < 0)) {
      const ends = dims
        .slice(1)
        .map((n, i) => (n as number) * (strides[i] as number) + Math.min(0, after[i] as number));
      data = b.slice(
        data,
        before.map((pad) => Math.max(0, -pad)),
        ends,
        axes,
      );
    }
    const back = [-1, -1, -1];
    const reversed = b.slice(w, back, Array(3).fill(-(2 ** 31)), axes, back);
    const conv = create(NodeProtoSchema, {
      opType: 'Conv',
      name: node.name,
      input: [data, b.transpose(reversed, [1, 0, ...axes]), ...bias],
      output: node.output,
      attribute: [
        makeAttribute('kernel_shape', kernel),
        makeAttribute('dilations', dilations),
        makeAttribute(
          'pads',
          [...before, ...after].map((pad) => Math.max(0, pad)),
        ),
      ],
    });
    appendFilledUp(conv, b);
    return undefined;
  },
};

/** A form for groups with one output channel each. It adds a second output channel of zeros and removes it again. */
export const withTwoOutputs: Row<number> = {
  operator: 'ConvTranspose',
  form: 'with two output channels in a group',
  where: 'webgpu',
  because:
    "the provider's kernel gives wrong results for groups with one output channel and an even number of input channels",
  applies: (node, graph) => {
    const group = int(node, 'group', 1);
    const [inputs, outputs, ...kernel] = graph.dims(inputOf(node, 1)) ?? [];
    if (group === 1 || outputs !== 1 || (typeof inputs === 'number' && (inputs / group) % 2 !== 0))
      return undefined;
    return kernel.length;
  },
  write: (node, b, axes) => {
    const [x, w, bias] = node.input as [string, string, string?];
    const rest = Array(axes).fill(0);
    const wide = b.emit('Pad', [w, b.ints([...Array(axes + 2).fill(0), 0, 1, ...rest])]);
    const name = b.uniqueName('ConvTranspose');
    b.append(copyNode(node, { name, input: [x, wide], output: [name] }));
    const y = node.output[0] as string;
    const starts = [b.ints([0]), b.ints([2 ** 31 - 1]), b.ints([1]), b.ints([2])];
    if (!bias) {
      b.emitAs('Slice', [name, ...starts], {}, y);
      return undefined;
    }
    const wanted = b.emit('Slice', [name, ...starts]);
    b.emitAs('Add', [wanted, b.reshape(bias, [-1, ...rest.map(() => 1)])], {}, y);
    return undefined;
  },
};
