import type { NodeProto } from '../generated/onnx_pb.ts';
import type { Ops } from '../graph/ops.ts';
import { scaleBehind } from './quantisedWeights.ts';

/** An integer product in floats: it equals `value` divided by all scales in `by`. */
interface Scaled {
  readonly value: string;
  readonly by: readonly string[];
}

/** The weight's scale for each integer product, by the name of the product. */
function weightScales(b: Ops, nodes: readonly NodeProto[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const products = nodes.filter(({ opType }) => opType === 'MatMulInteger' || opType === 'ConvInteger');
  if (products.length === 0) return found;
  const readers = new Map<string, { node: NodeProto; input: number }[]>();
  const makers = new Map<string, NodeProto>();
  for (const node of nodes) {
    node.input.forEach((name, input) => {
      readers.set(name, [...(readers.get(name) ?? []), { node, input }]);
    });
    for (const name of node.output) makers.set(name, node);
  }
  for (const node of products) {
    const scale = scaleBehind(node, readers, makers, (name) => b.initializers.has(name));
    if (scale !== undefined) found.set(node.output[0] ?? '', scale);
  }
  return found;
}

/**
 * Writes integer products (MatMulInteger, ConvInteger) as products of floats. The model multiplies an integer product
 * by the scales of both operands in separate nodes. If a node reads the product before both scales have been multiplied
 * in, the float product is divided by the remaining scales.
 */
export class IntegerProducts {
  readonly #b: Ops;
  /** Integer products that have not yet been multiplied by all their scales. */
  readonly #scaled = new Map<string, Scaled>();
  readonly #factors = new Map<string, readonly string[]>();
  /** The scales that are computed at run time. */
  readonly #ranges = new Set<string>();
  readonly #weightScales: ReadonlyMap<string, string>;

  /** @param nodes - the model's nodes, from which the scales of products are read */
  constructor(b: Ops, nodes: readonly NodeProto[]) {
    this.#b = b;
    this.#weightScales = weightScales(b, nodes);
  }

  /** The scale of a product's weight. It is 1 if the model does not multiply the product by a scale. */
  weightScale(product: string): string {
    return this.#weightScales.get(product) ?? this.#b.scalar(1, '');
  }

  /** Records a scale that is computed at run time. */
  noteRange(scale: string): void {
    this.#ranges.add(scale);
  }

  /** Records a product, its value in floats, and its scales. */
  note(product: string, value: string, by: readonly string[]): void {
    this.#scaled.set(product, { value, by });
  }

  /**
   * Emits a product as a float, divided by the scales that the model has not multiplied in yet. Returns whether
   * `product` is an integer product.
   */
  cast(product: string, out: string): boolean {
    const scaled = this.#scaled.get(product);
    if (scaled) this.#divide(out, scaled);
    return scaled !== undefined;
  }

  /**
   * Multiplies scales, or an integer product by its scales.
   *
   * @param give - emits the output as a copy of a value that already exists
   * @returns whether the multiplication has been emitted
   */
  multiply(out: string, x: string, y: string, give: (value: string) => void): boolean {
    const scaled = this.#scaled.get(x) ?? this.#scaled.get(y);
    const other = this.#scaled.has(x) ? y : x;
    const factors = this.#factors.get(other) ?? [other];
    if (!scaled) {
      const both = [x, y].map(
        (name) => this.#factors.get(name) ?? (this.#isScale(name) ? [name] : undefined),
      );
      if (both.every((known) => known !== undefined)) this.#factors.set(out, both.flat());
      return false;
    }
    const rest = [...scaled.by];
    for (const factor of factors) {
      const at = rest.indexOf(factor);
      if (at < 0) return false;
      rest.splice(at, 1);
    }
    if (rest.length > 0) this.#divide(out, { value: scaled.value, by: rest });
    else give(scaled.value);
    return true;
  }

  #isScale(name: string): boolean {
    return this.#b.initializers.has(name) || this.#ranges.has(name);
  }

  /**
   * Emits a value divided by its scales. If the model later multiplies by the same scales, the undivided value is used.
   */
  #divide(out: string, scaled: Scaled): void {
    const b = this.#b;
    const [first = '', ...more] = scaled.by;
    b.emitAs('Div', [scaled.value, more.reduce((product, factor) => b.mul(product, factor), first)], {}, out);
    this.#scaled.set(out, scaled);
  }
}
