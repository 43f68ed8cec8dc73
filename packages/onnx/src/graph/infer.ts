import { DataType } from '../format/dataType.ts';
import type { NodeProto } from '../generated/onnx_pb.ts';
import { broadcast, type Dim, type Dims } from './dim.ts';
import type { Infer } from './operator.ts';
import { unknown, type ValueType } from './value.ts';

/** An axis counted from the front. */
export function axisOf(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

/** Axes counted from the front, sorted. */
export function axesOf(axes: readonly number[], rank: number): number[] {
  return axes.map((axis) => axisOf(axis, rank)).sort((a, b) => a - b);
}

/** The name of a node's input `i`, or `''` if the input is omitted. */
export function inputOf(node: NodeProto, i: number): string {
  return node.input[i] ?? '';
}

/** The first output has the type and shape of the first input. */
export const sameAsInput: Infer = (node, b) => {
  const { type, dims } = b.type(inputOf(node, 0));
  return [{ type, dims }];
};

/** The output has the broadcast shape of all inputs, and the type of the first. */
export const broadcastInputs: Infer = (node, b) => [
  {
    type: b.type(inputOf(node, 0)).type,
    dims: broadcast(...node.input.filter((name) => name !== '').map((name) => b.dims(name))),
  },
];

/** A boolean output with the broadcast shape of all inputs. */
export const comparison: Infer = (node, b) => [
  { type: DataType.BOOL, dims: broadcast(...node.input.map((name) => b.dims(name))) },
];

/** An output whose shape is computed from the first input's, if known. */
export function shaped(
  make: (node: NodeProto, dims: readonly Dim[], b: Parameters<Infer>[1]) => Dims,
  type?: number,
): Infer {
  return (node, b) => {
    const input = b.type(inputOf(node, 0));
    return [{ type: type ?? input.type, dims: input.dims && make(node, input.dims, b) }];
  };
}

/** The output has this type. Its shape is unknown. */
export function typed(type: number): Infer {
  return () => [{ ...unknown, type }];
}

/** Removes axes from a shape, or sets them to 1 if `keep` is set. */
export function dropAxes(dims: readonly Dim[], axes: readonly number[], keep: boolean): Dim[] {
  return keep ? dims.map((dim, i) => (axes.includes(i) ? 1 : dim)) : dims.filter((_, i) => !axes.includes(i));
}

/** The type, shape and known elements of a small int64 vector or scalar. */
export function integers(value: readonly Dim[] | undefined, dims: Dims): ValueType {
  return { type: DataType.INT64, dims, value };
}
