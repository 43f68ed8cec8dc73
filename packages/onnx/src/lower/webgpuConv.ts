import { create } from '@bufbuild/protobuf';
import { int, ints, makeAttribute, text } from '../format/attributes.ts';
import { type NodeProto, NodeProtoSchema } from '../generated/onnx_pb.ts';
import type { Ops } from '../graph/ops.ts';
import { isStatic } from '../graph/value.ts';

/** [N, C, n, …] → [N, C, n · stride, …] along every spatial axis: zeros after each element. */
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

/**
 * Writes a transposed convolution of three axes, which ONNX Runtime's WebGPU provider lacks, as a convolution with the
 * reversed kernel over the input spread out with zeros. `undefined` for groups and for unknown sizes.
 */
export function transposedAsConv(node: NodeProto, b: Ops): NodeProto | undefined {
  const [x, w, ...bias] = node.input as [string, string, ...string[]];
  const [dims, kernel] = [b.dims(x)?.slice(1), b.dims(w)?.slice(2)];
  const auto = text(node, 'auto_pad', 'NOTSET');
  if (!isStatic(dims) || !isStatic(kernel) || kernel.length !== 3 || int(node, 'group', 1) !== 1)
    return undefined;
  if (ints(node, 'output_shape') || (auto !== 'NOTSET' && auto !== 'VALID')) return undefined;
  const list = (name: string, preset: number): number[] => ints(node, name) ?? Array(3).fill(preset);
  const [strides, dilations, more] = [list('strides', 1), list('dilations', 1), list('output_padding', 0)];
  const given = ints(node, 'pads') ?? Array(6).fill(0);
  const pads = kernel.flatMap((k, i) => {
    const reach = ((k as number) - 1) * (dilations[i] as number);
    const after = reach - (given[i + 3] as number) + (more[i] as number) - (strides[i] as number) + 1;
    return [reach - (given[i] as number), after];
  });
  const [before, after] = [0, 1].map((side) => pads.filter((_, i) => i % 2 === side)) as [number[], number[]];

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
  return create(NodeProtoSchema, {
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
}

/**
 * ONNX Runtime's WebGPU ConvTranspose is wrong for groups with one output channel and an even number of input channels:
 * adds a second output channel of zeros to each group and removes it afterwards. Returns whether it applied.
 */
export function writeTwoOutputs(node: NodeProto, b: Ops): boolean {
  const [x, w, bias] = node.input as [string, string, string?];
  const group = int(node, 'group', 1);
  const dims = b.dims(w);
  const [inputs, outputs] = dims ?? [];
  if (group === 1 || outputs !== 1 || (typeof inputs === 'number' && (inputs / group) % 2 !== 0))
    return false;
  const rank = (dims as readonly unknown[]).length;
  const rest = Array(rank - 2).fill(0);
  const wide = b.emit('Pad', [w, b.ints([...Array(rank).fill(0), 0, 1, ...rest])]);
  const name = b.uniqueName('ConvTranspose');
  b.append(create(NodeProtoSchema, { ...node, name, input: [x, wide], output: [name] }));
  const y = node.output[0] as string;
  const starts = [b.ints([0]), b.ints([2 ** 31 - 1]), b.ints([1]), b.ints([2])];
  if (!bias) {
    b.emitAs('Slice', [name, ...starts], {}, y);
    return true;
  }
  const wanted = b.emit('Slice', [name, ...starts]);
  b.emitAs('Add', [wanted, b.reshape(bias, [-1, ...rest.map(() => 1)])], {}, y);
  return true;
}
