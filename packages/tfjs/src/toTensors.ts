import type * as tfjs from '@tensorflow/tfjs';
import { fail } from './errors.ts';

/** One input or target of a model: a tensor, or its values in a typed array, which takes the model's shape. */
export type LayerData = tfjs.Tensor | Float32Array | Int32Array | Uint8Array;
/** All inputs or all targets: one, a list in the model's order, or by name. */
export type LayersData = LayerData | readonly LayerData[] | { readonly [name: string]: LayerData };

/** The tensors that a model expects: names and shapes, `null` for any size. */
export interface Slots {
  readonly what: 'input' | 'target';
  readonly names: readonly string[];
  readonly shapes: readonly (readonly (number | null)[])[];
  /** Marks tensors of any shape: the targets of a custom loss function. */
  readonly open?: readonly boolean[];
}

/**
 * The tensors of a batch in the model's order. Call it inside `tf.tidy`. Given tensors are not copied.
 *
 * @throws {ClrError} if a tensor is missing, superfluous or of the wrong shape
 */
export function toTensors(
  tf: Pick<typeof tfjs, 'tensor'>,
  data: LayersData | undefined,
  { what, names, shapes, open }: Slots,
): tfjs.Tensor[] {
  const refuse = (received: string): Error =>
    fail({
      expected: `${names.length} ${what}${names.length === 1 ? '' : 's'}: ${names.join(', ')}`,
      received,
      advice:
        'Give { xs, ys }: each a tensor or typed array, a list in the model’s order, or an object by name.',
    });
  const list = listOf(data, names);
  if (list === undefined) throw refuse(`${what}s = ${String(data)}`);
  if (list.length !== names.length) throw refuse(`${list.length}`);
  const unknown = isByName(data) ? Object.keys(data).find((name) => !names.includes(name)) : undefined;
  return list.map((item, index) => {
    const name = names[index]!;
    if (item === undefined) throw refuse(`none by the name ${name}`);
    if (unknown !== undefined) throw refuse(`one by the name ${unknown}`);
    const shape = shapes[index]!;
    if (open?.[index] && isTensor(item)) return item;
    const tensor = isTensor(item) ? withAxis(item, shape) : fromArray(tf, item, shape, name);
    const fits =
      tensor.shape.length === shape.length &&
      shape.every((size, axis) => size === null || size === tensor.shape[axis]);
    if (!fits) {
      throw fail({
        expected: `${what} ${name} of the shape [${shape.map((size) => size ?? 'any').join(', ')}]`,
        received: `[${tensor.shape.join(', ')}]`,
        advice: 'Give a tensor of that shape. Its first axis counts the examples.',
      });
    }
    return tensor;
  });
}

function listOf(
  data: LayersData | undefined,
  names: readonly string[],
): readonly (LayerData | undefined)[] | undefined {
  if (typeof data !== 'object' || data === null) return undefined;
  if (isByName(data)) return names.map((name) => data[name]);
  return Array.isArray(data) ? data : [data as LayerData];
}

/** True if data are neither one tensor or typed array nor a list. */
function isByName(data: LayersData | undefined): data is { readonly [name: string]: LayerData } {
  return !(isTensor(data) || ArrayBuffer.isView(data) || Array.isArray(data));
}

export function isTensor(value: unknown): value is tfjs.Tensor {
  return typeof (value as tfjs.Tensor | null)?.dataSync === 'function';
}

// As in fit(), [n] means [n, 1].
function withAxis(tensor: tfjs.Tensor, shape: readonly (number | null)[]): tfjs.Tensor {
  return tensor.rank === 1 && shape.length === 2 ? tensor.reshape([-1, 1]) : tensor;
}

function fromArray(
  tf: Pick<typeof tfjs, 'tensor'>,
  values: Exclude<LayerData, tfjs.Tensor>,
  shape: readonly (number | null)[],
  name: string,
): tfjs.Tensor {
  const sizes = shape.slice(1);
  if (sizes.includes(null)) {
    throw fail({
      expected: `a tensor for ${name}, whose shape is open: [${shape.map((size) => size ?? 'any').join(', ')}]`,
      received: `a typed array of ${values.length}`,
      advice: 'Make it with tf.tensor(values, shape).',
    });
  }
  if (!isNumbers(values)) {
    throw fail({
      expected: `a tensor or a typed array of numbers for ${name}`,
      received: kindOf(values),
      advice: 'Make it with tf.tensor(values) or Float32Array.from(values).',
    });
  }
  const size = sizes.reduce<number>((product, axis) => product * (axis ?? 1), 1);
  if (values.length === 0 || values.length % size !== 0) {
    throw fail({
      expected: `${name} to hold whole examples of ${size} values`,
      received: `${values.length} values`,
      advice: 'Store the examples one after the other, each in row-major order.',
    });
  }
  return tf.tensor(Float32Array.from(values), [values.length / size, ...(sizes as number[])]);
}

/** True for a typed array of numbers, also one of another realm. */
function isNumbers(values: unknown): values is ArrayLike<number> {
  return ArrayBuffer.isView(values) && /^(Float|Int|Uint)\d+/.test(kindOf(values));
}

/** `Array`, `Float32Array`, `Object`. */
const kindOf = (value: unknown): string => Object.prototype.toString.call(value).slice(8, -1);
