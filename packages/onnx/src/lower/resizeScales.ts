import { create } from '@bufbuild/protobuf';
import { ints } from '../format/attributes.ts';
import { DataType } from '../format/dataType.ts';
import { type NodeProto, NodeProtoSchema } from '../generated/onnx_pb.ts';
import { resizedTo } from '../graph/dim.ts';
import { axisOf, inputOf } from '../graph/infer.ts';
import type { Ops } from '../graph/ops.ts';

/**
 * Hides the scales of a Resize from the runtime's shape inference if that finds another size than the kernel: 10 · 0.7
 * is 7 in float32, but 6.99999988 in float64. The runtime would fold the wrong shape into constants.
 */
export function writeHiddenScales(node: NodeProto, b: Ops): boolean {
  const [x, given] = [inputOf(node, 0), inputOf(node, 2)];
  const [dims, scales] = [b.dims(x), b.numbers(given)];
  if (node.opType !== 'Resize' || node.domain !== '' || !dims || !scales) return false;
  const axes = ints(node, 'axes')?.map((axis) => axisOf(axis, dims.length)) ?? scales.map((_, i) => i);
  const differs = scales.some((scale, i) => {
    const size = dims[axes[i] as number];
    return typeof size === 'number' && resizedTo(size, scale) !== Math.floor(size * scale);
  });
  if (!differs) return false;
  // A 0 computed from data, which the shape inference cannot fold.
  const first = b.slice(b.reshape(x, [-1]), [0], [1], [0]);
  const zero = b.mul(b.cast(b.emit('IsNaN', [first]), DataType.FLOAT), b.literal(DataType.FLOAT, [], [0]));
  const [name] = node.output as [string];
  const { type, dims: known } = b.type(name);
  b.append(
    create(NodeProtoSchema, {
      ...node,
      input: [x, inputOf(node, 1), b.add(given, zero), ...node.input.slice(3)],
    }),
  );
  b.declare(name, type, known);
  return true;
}
