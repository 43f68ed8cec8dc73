import { DataType } from '../format/dataType.ts';
import type { Dim } from './dim.ts';
import { Graph } from './graph.ts';
import { isStatic } from './value.ts';

/** Up to this many class indices are listed in a constant. Longer lists are made at run time. */
const maxListed = 1 << 16;

/** Up to this length, constants with one repeated value are stored in full. */
const longestFilled = 4096;

/** A {@link Graph} with a method for each operator that gradients use, as opset 18 and later define it. */
export class Ops extends Graph {
  // Arithmetic, with ONNX's broadcasting.
  add(a: string, b: string): string {
    return this.emit('Add', [a, b]);
  }
  sub(a: string, b: string): string {
    return this.emit('Sub', [a, b]);
  }
  mul(a: string, b: string): string {
    return this.emit('Mul', [a, b]);
  }
  div(a: string, b: string): string {
    return this.emit('Div', [a, b]);
  }
  pow(a: string, b: string): string {
    return this.emit('Pow', [a, b]);
  }
  neg(a: string): string {
    return this.emit('Neg', [a]);
  }
  sqrt(a: string): string {
    return this.emit('Sqrt', [a]);
  }
  exp(a: string): string {
    return this.emit('Exp', [a]);
  }
  log(a: string): string {
    return this.emit('Log', [a]);
  }
  abs(a: string): string {
    return this.emit('Abs', [a]);
  }
  sign(a: string): string {
    return this.emit('Sign', [a]);
  }
  square(a: string): string {
    return this.mul(a, a);
  }
  reciprocal(a: string): string {
    return this.emit('Reciprocal', [a]);
  }
  sum(terms: readonly string[]): string {
    return terms.length === 1 ? (terms[0] as string) : this.emit('Sum', terms);
  }

  // Comparison and choice.
  greater(a: string, b: string): string {
    return this.emit('Greater', [a, b]);
  }
  less(a: string, b: string): string {
    return this.emit('Less', [a, b]);
  }
  equal(a: string, b: string): string {
    return this.emit('Equal', [a, b]);
  }
  where(condition: string, a: string, b: string): string {
    return this.emit('Where', [condition, a, b]);
  }
  /** `a` where the condition holds, 0 elsewhere. */
  maskWith(condition: string, a: string): string {
    return this.where(condition, a, this.scalar(0, a));
  }

  /**
   * One-hot encodes class indices [N, …] in the shape [N, C, …] of `like`, with the classes along `axis`. Repeated
   * calls emit the nodes only once.
   */
  oneHot(indices: string, like: string, axis = 1): string {
    return this.memo(`one-hot ${indices} like ${like} on ${axis}`, () => {
      const count = this.shape(like)[axis];
      const classes =
        typeof count === 'number' && count <= maxListed
          ? this.ints(Array.from({ length: count }, (_, i) => i))
          : this.emit('Range', [this.int(0), this.squeeze(this.sizeAt(like, axis), [0]), this.int(1)]);
      const column = this.reshape(
        classes,
        this.shape(like).map((_, i) => (i === axis ? -1 : 1)),
      );
      return this.castLike(this.equal(this.unsqueeze(indices, [axis]), column), like);
    });
  }

  // Constants.
  /** A scalar of another value's type. */
  scalar(value: number, like: string): string {
    return this.literal(this.type(like).type || DataType.FLOAT, [], [value]);
  }
  /** A vector of int64. */
  ints(values: readonly number[]): string {
    return this.literal(DataType.INT64, [values.length], values);
  }
  /** A boolean scalar that is true. */
  yes(): string {
    return this.literal(DataType.BOOL, [], [1]);
  }
  /** An int64 scalar. */
  int(value: number): string {
    return this.literal(DataType.INT64, [], [value]);
  }

  /**
   * Casts a value to another type. If that type is unknown, the value is returned unchanged, because ONNX operators do
   * not mix types.
   */
  cast(a: string, type: number): string {
    return type === DataType.UNDEFINED || this.type(a).type === type
      ? a
      : this.emit('Cast', [a], { to: type });
  }
  castLike(a: string, like: string): string {
    return this.cast(a, this.type(like).type);
  }

  // Linear algebra.
  matmul(a: string, b: string): string {
    return this.emit('MatMul', [a, b]);
  }
  transpose(a: string, perm: readonly number[]): string {
    return perm.every((axis, i) => axis === i) ? a : this.emit('Transpose', [a], { perm });
  }
  /** Swaps the last two axes. */
  transposeLast(a: string): string {
    const perm = Array.from({ length: this.rank(a) }, (_, i) => i);
    return this.transpose(a, [...perm.slice(0, -2), ...perm.slice(-2).reverse()]);
  }

  // Reductions.
  reduce(op: string, a: string, axes: readonly number[], keepdims = false): string {
    return axes.length === 0 ? a : this.emit(op, [a, this.ints(axes)], { keepdims: keepdims ? 1 : 0 });
  }
  reduceSum(a: string, axes: readonly number[], keepdims = false): string {
    return this.reduce('ReduceSum', a, axes, keepdims);
  }
  reduceMean(a: string, axes: readonly number[], keepdims = false): string {
    return this.reduce('ReduceMean', a, axes, keepdims);
  }
  /** The sum of all elements, a scalar. */
  sumAll(a: string): string {
    return this.emit('ReduceSum', [a], { keepdims: 0 });
  }

  // Shapes.
  /** The shape as an int64 vector: a constant when every size is known. */
  shapeOf(a: string): string {
    const dims = this.dims(a);
    return isStatic(dims) ? this.ints(dims) : this.emit('Shape', [a]);
  }
  /** The size of an axis as an int64 vector of one element. */
  sizeAt(a: string, axis: number): string {
    const dim = this.dims(a)?.[axis];
    return typeof dim === 'number'
      ? this.ints([dim])
      : this.emit('Shape', [a], { start: axis, end: axis + 1 });
  }
  /** The number of elements as an int64 scalar. */
  count(a: string): string {
    const dims = this.dims(a);
    return isStatic(dims) ? this.int(dims.reduce((n, dim) => n * dim, 1)) : this.emit('Size', [a]);
  }
  /** A shape vector made of constant sizes and of sizes computed at run time. */
  shapeVector(parts: readonly (number | string)[]): string {
    if (parts.every((part) => typeof part === 'number')) return this.ints(parts as number[]);
    return this.emit(
      'Concat',
      parts.map((part) => (typeof part === 'number' ? this.ints([part]) : part)),
      { axis: 0 },
    );
  }
  /** Reshapes to constant sizes (one may be −1), or to the sizes in a vector. */
  reshape(a: string, shape: readonly number[] | string): string {
    return this.emit('Reshape', [a, typeof shape === 'string' ? shape : this.ints(shape)]);
  }
  /** Reshapes `a` to the shape of `like`. Both have the same number of elements. */
  reshapeLike(a: string, like: string): string {
    const from = this.dims(a);
    const to = this.dims(like);
    if (from && to && from.length === to.length && from.every((dim, i) => dim === to[i])) return a;
    const free = to?.filter((dim) => typeof dim === 'string').length ?? 2;
    return free <= 1 && to && !to.includes(0)
      ? this.reshape(
          a,
          to.map((dim) => (typeof dim === 'string' ? -1 : dim)),
        )
      : this.emit('Reshape', [a, this.shapeOf(like)], { allowzero: 1 });
  }
  expand(a: string, shape: string): string {
    return this.emit('Expand', [a, shape]);
  }
  expandLike(a: string, like: string): string {
    return this.expand(a, this.shapeOf(like));
  }
  squeeze(a: string, axes: readonly number[]): string {
    return axes.length === 0 ? a : this.emit('Squeeze', [a, this.ints(axes)]);
  }
  unsqueeze(a: string, axes: readonly number[]): string {
    return axes.length === 0 ? a : this.emit('Unsqueeze', [a, this.ints(axes)]);
  }
  concat(parts: readonly string[], axis: number): string {
    return parts.length === 1 ? (parts[0] as string) : this.emit('Concat', parts, { axis });
  }
  slice(
    a: string,
    starts: readonly number[] | string,
    ends: readonly number[] | string,
    axes: readonly number[],
    steps?: readonly number[],
  ): string {
    const vector = (v: readonly number[] | string): string => (typeof v === 'string' ? v : this.ints(v));
    return this.emit('Slice', [
      a,
      vector(starts),
      vector(ends),
      this.ints(axes),
      ...(steps ? [this.ints(steps)] : []),
    ]);
  }
  /**
   * A tensor filled with one value, with the element type of `like`. It is a constant if it is short and its shape is
   * known.
   */
  filled(shape: string, value: number, like: string): string {
    const dims = this.numbers(shape);
    const size = dims?.reduce((product, dim) => product * dim, 1) ?? Infinity;
    if (!dims || size > longestFilled) return this.expand(this.scalar(value, like), shape);
    return this.literal(this.type(like).type || DataType.FLOAT, dims, Array(size).fill(value));
  }
  zerosLike(a: string): string {
    return this.filled(this.shapeOf(a), 0, a);
  }
  onesLike(a: string): string {
    return this.filled(this.shapeOf(a), 1, a);
  }

  /**
   * Undoes broadcasting: sums `a` over the axes along which a value of `target`'s shape was repeated. Sizes that are
   * unknown at build time are computed at run time.
   */
  sumTo(a: string, target: string): string {
    const from = this.dims(a);
    const to = this.dims(target);
    if (!from || !to || to.length > from.length) return this.#sumToAtRunTime(a, target);
    const lead = from.length - to.length;
    const axes: number[] = [];
    for (let i = 0; i < from.length; i++) {
      const have = from[i] as Dim;
      const want = i < lead ? undefined : to[i - lead];
      if (want === undefined || (want === 1 && have !== 1)) axes.push(i);
      else if (want !== have && typeof want === 'string') return this.#sumToAtRunTime(a, target);
    }
    if (axes.length === 0) return a;
    const trailing = axes.every((axis) => axis < lead);
    return trailing ? this.reduceSum(a, axes) : this.reshapeLike(this.reduceSum(a, axes, true), target);
  }

  #sumToAtRunTime(a: string, target: string): string {
    const have = this.emit('Shape', [a]);
    const want = this.emit('Shape', [target]);
    const [from, to] = [this.dims(a)?.length, this.dims(target)?.length];
    const lead =
      from !== undefined && to !== undefined
        ? this.ints([Math.max(0, from - to)])
        : this.sub(this.emit('Shape', [have]), this.emit('Shape', [want]));
    const ones = this.numbers(lead)?.[0] === 0 ? [] : [this.filled(lead, 1, want)];
    const aligned = this.concat([...ones, want], 0);
    const differs = this.emit('Not', [this.equal(have, aligned)]);
    const axes = this.reshape(this.emit('NonZero', [differs]), [-1]);
    const summed = this.emit('ReduceSum', [a, axes], { keepdims: 1, noop_with_empty_axes: 1 });
    return this.emit('Reshape', [summed, want], { allowzero: 1 });
  }
}
