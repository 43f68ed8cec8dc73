import { integerRange, isQuantisedType } from '../format/integers.ts';
import type { NodeProto } from '../generated/onnx_pb.ts';
import { inputOf } from '../graph/infer.ts';
import type { Ops } from '../graph/ops.ts';
import { privateDomain } from '../graph/privateOperators.ts';

/** The float value that an integer value represents, emitted on first use, with its scale and zero point. */
interface Rounded {
  readonly value: () => string;
  readonly scale: string;
  readonly zero: string;
}

/** The float values that a model's run-time integers represent. They are rounded, and gradients pass through them. */
export class RoundedValues {
  readonly #b: Ops;
  readonly #known = new Map<string, Rounded>();

  constructor(b: Ops) {
    this.#b = b;
  }

  /** The record of an integer value. */
  get(q: string): Rounded | undefined {
    return this.#known.get(q);
  }

  /** Records the float value that an integer value represents. */
  set(q: string, rounded: Rounded): void {
    this.#known.set(q, rounded);
  }

  /** Records that a QuantizeLinear makes q from x. */
  noteQuantized(node: NodeProto, x: string, q: string, scale: string, zero: string): void {
    const attributes = node.attribute.filter(({ name }) => name === 'axis' || name === 'block_size');
    const value = (): string =>
      this.#rounded(() => this.#clipped(node, x, q), q, scale, zero, attributes, node.domain);
    this.#known.set(q, { value, scale, zero });
  }

  /**
   * Records that a DynamicQuantizeLinear node computes q from x. Its scale covers the range of x, so no value is
   * clipped.
   */
  noteDynamic(x: string, q: string, scale: string, zero: string): void {
    this.#known.set(q, { value: () => this.#rounded(() => x, q, scale, zero), scale, zero });
  }

  /**
   * The float value of integers that are read with a scale and a zero point. It is known only if the integers were
   * made with the same scale and zero point.
   */
  readBy(q: string, scale: string, zero: string): string | undefined {
    const known = this.#known.get(q);
    return known && this.equal(known.scale, scale) && this.equal(known.zero, zero)
      ? known.value()
      : undefined;
  }

  /** Whether two values are the same value or equal constants. */
  equal(a: string, c: string): boolean {
    if (a === c) return true;
    const [left, right] = [this.#b.constant(a), this.#b.constant(c)];
    return (
      left !== undefined &&
      right !== undefined &&
      left.values.length === right.values.length &&
      left.values.every((value, i) => value === right.values[i])
    );
  }

  /** x rounded as in the integers q. Its gradient passes to x. */
  #rounded(
    x: () => string,
    q: string,
    scale: string,
    zero: string,
    attributes: NodeProto['attribute'] = [],
    domain = '',
  ): string {
    const b = this.#b;
    return b.memo(`straight through ${q}`, () => {
      const operator = domain === '' ? 'DequantizeLinear' : `${domain}:DequantizeLinear`;
      const back = b.emitFrom(operator, zero === '' ? [q, scale] : [q, scale, zero], attributes);
      return b.emit(`${privateDomain}:StraightThrough`, [x(), back]);
    });
  }

  /** x clipped to the range of the integers, if the range is known. Outside of the range, the slope is 0. */
  #clipped(node: NodeProto, x: string, q: string): string {
    const b = this.#b;
    const scale = b.constant(inputOf(node, 1));
    const zero = b.constant(inputOf(node, 2));
    const { type } = b.type(q);
    const known = scale?.values.length === 1 && (inputOf(node, 2) === '' || zero?.values.length === 1);
    if (!scale || !known || !isQuantisedType(type)) return x;
    const [low, high] = integerRange(type).map(
      (end) => (end - (zero?.values[0] ?? 0)) * (scale.values[0] as number),
    ) as [number, number];
    // Values up to half a step beyond the ends are rounded to the ends.
    const half = (scale.values[0] as number) / 2;
    return b.emit('Clip', [x, b.scalar(low - half, x), b.scalar(high + half, x)]);
  }
}
