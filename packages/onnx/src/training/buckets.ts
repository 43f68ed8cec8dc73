import { DataType } from '../format/dataType.ts';
import { concatenated, dimsOf, sizeOf } from '../format/tensor.ts';
import type { TensorProto } from '../generated/onnx_pb.ts';
import type { Ops } from '../graph/ops.ts';

/** One tensor inside a bucket. */
export interface Part {
  /** The initializer's name. */
  readonly name: string;
  /** The sizes of its axes. */
  readonly dims: readonly number[];
  /** The index of its first element in the bucket. */
  readonly offset: number;
}

/**
 * Tensors that are stored together as one vector. With many separate small parameters, a step would spend more time on
 * calls than on arithmetic. A large tensor has its own bucket.
 */
export interface Bucket {
  readonly type: number;
  readonly length: number;
  readonly parts: readonly Part[];
  readonly lrScale: number;
  readonly weightDecayScale: number;
}

/** The array type of a bucket's elements. */
export type FloatArray = Float32Array | Float64Array;

/** Tensors of at most this many elements share a bucket. */
const small = 1 << 16;

/** The multipliers of one tensor. */
export interface Scales {
  readonly lrScale: number;
  readonly weightDecayScale: number;
}

/** Packs tensors into buckets by type and multipliers. */
export function packBuckets(tensors: readonly TensorProto[], scalesOf: (name: string) => Scales): Bucket[] {
  const open = new Map<string, Part[]>();
  const order: { key: string; type: number; scales: Scales; parts: Part[] }[] = [];
  for (const tensor of tensors) {
    const dims = dimsOf(tensor);
    const scales = scalesOf(tensor.name);
    const size = sizeOf(dims);
    const shared = `${tensor.dataType}:${scales.lrScale}:${scales.weightDecayScale}`;
    const key = size <= small ? shared : `${shared}:${tensor.name}`;
    let parts = open.get(key);
    if (!parts) {
      parts = [];
      open.set(key, parts);
      order.push({ key, type: tensor.dataType, scales, parts });
    }
    const last = parts.at(-1);
    parts.push({ name: tensor.name, dims, offset: last ? last.offset + sizeOf(last.dims) : 0 });
  }
  return order.map(({ type, scales, parts }) => {
    const last = parts.at(-1) as Part;
    return { type, parts, length: last.offset + sizeOf(last.dims), ...scales };
  });
}

/** Caches the values of buckets by their first tensor, because several graphs are made from one file. */
const read = new WeakMap<TensorProto, { readonly names: string; readonly values: FloatArray }>();

/** The stored values of a bucket's tensors. */
export function readBucket({ parts, type }: Bucket, tensors: ReadonlyMap<string, TensorProto>): FloatArray {
  const stored = parts.map(({ name }) => tensors.get(name) as TensorProto);
  const [first] = stored as [TensorProto];
  const names = parts.map(({ name }) => name).join('\n');
  const known = read.get(first);
  if (known?.names === names) return known.values;
  const values = concatenated(stored, type === DataType.DOUBLE);
  read.set(first, { names, values });
  return values;
}

/** Unpacks a bucket in the graph: its parts get the names and shapes that the model uses. */
export function unpack(b: Ops, bucket: Bucket, vector: string, names: readonly string[]): void {
  const { parts } = bucket;
  let flat = [vector];
  if (parts.length > 1) {
    // A part that is a vector itself gets its name directly from the Split.
    flat = parts.map(({ dims }, i) => (dims.length === 1 ? (names[i] as string) : b.uniqueName('part')));
    const sizes = b.ints(parts.map(({ dims }) => sizeOf(dims)));
    b.emitAs('Split', [vector, sizes], { axis: 0 }, ...flat);
    // Shape inference does not track this many sizes, so declare the shapes.
    parts.forEach(({ dims }, i) => {
      b.declare(flat[i] as string, bucket.type, [sizeOf(dims)]);
    });
  }
  parts.forEach(({ dims }, i) => {
    const [from, to] = [flat[i] as string, names[i] as string];
    if (from !== to) b.emitAs('Reshape', [from, b.ints(dims)], { allowzero: 1 }, to);
  });
}

/** Packs tensors into a bucket's vector in the graph. */
export function pack(b: Ops, tensors: readonly string[]): string {
  const flat = tensors.map((name) => (b.dims(name)?.length === 1 ? name : b.reshape(name, [-1])));
  return b.concat(flat, 0);
}
