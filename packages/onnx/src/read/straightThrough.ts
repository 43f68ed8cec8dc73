import { fail } from '../errors.ts';
import { DataType } from '../format/dataType.ts';
import { describeNode } from '../format/describeNode.ts';
import { integerRange, isQuantisedType } from '../format/integers.ts';
import type { Model } from '../format/model.ts';
import type { Quantised } from '../format/quantised.ts';
import { makeTensor } from '../format/tensor.ts';
import type { NodeProto } from '../generated/onnx_pb.ts';
import { operatorKey } from '../graph/graph.ts';
import { axisOf, inputOf } from '../graph/infer.ts';
import type { Ops } from '../graph/ops.ts';
import { privateDomain } from '../graph/privateOperators.ts';
import { identity } from './inline.ts';
import { scaleBehind } from './quantisedWeights.ts';
import { roundedMaster } from './roundedMaster.ts';

/** Appends a node of the model as it is. */
export type Append = (node: NodeProto) => void;

/** A float value divided by scales: what stands behind an integer product. */
interface Scaled {
  readonly value: string;
  readonly by: readonly string[];
}

/** Operators that only move elements, or choose among them, so they commute with a scale above 0. */
const moving = new Set([
  'Identity',
  'Reshape',
  'Transpose',
  'Flatten',
  'Squeeze',
  'Unsqueeze',
  'Slice',
  'Gather',
  'MaxPool',
]);

/** What QLinear operators of the runtime compute on floats, from inputs (x, scale, zero)… and a scale and zero of the output. */
const binary: Readonly<Record<string, string>> = { QLinearAdd: 'Add', QLinearMul: 'Mul' };
const unary: Readonly<Record<string, string>> = {
  QLinearSigmoid: 'Sigmoid',
  QLinearLeakyRelu: 'LeakyRelu',
};

/** Where operators take numbers or integers that stand for them; the other inputs are scales and zero points. */
const dataInputs: Readonly<Record<string, readonly number[]>> = {
  MatMulInteger: [0, 1],
  ConvInteger: [0, 1],
  MatMulIntegerToFloat: [0, 1, 6],
  DynamicQuantizeMatMul: [0, 1, 4],
  QLinearMatMul: [0, 3],
  QLinearConv: [0, 3, 8],
  QLinearAdd: [0, 3],
  QLinearMul: [0, 3],
  MatMulNBits: [0, 1, 5],
};

/**
 * Writes the quantised operators of a model that is trained in floats: weights are float masters, and values that the model
 * quantises while it runs are rounded as before, with gradients that pass through the rounding ("straight through"). Parts
 * of a model in which nothing is trained keep their integers.
 */
export class StraightThrough {
  readonly #b: Ops;
  /** The float value behind an integer one: rounded, and open to gradients. */
  readonly #real = new Map<
    string,
    { readonly value: () => string; readonly scale: string; readonly zero: string }
  >();
  /** Floats that are integer products not yet multiplied by their scales. */
  readonly #scaled = new Map<string, Scaled>();
  readonly #factors = new Map<string, readonly string[]>();
  /** The scales that are worked out while the model runs. */
  readonly #ranges = new Set<string>();
  readonly #masters: ReadonlyMap<string, Quantised>;
  readonly #stored: ReadonlyMap<string, Quantised>;
  readonly #scaleOf = new Map<string, string>();
  /** Values that depend on something that is trained. */
  readonly #live: Set<string>;

  /**
   * @param trained - the stored tensors that may be trained
   * @param model - its nodes tell the scales of products
   */
  constructor(
    b: Ops,
    trained: Iterable<string>,
    { graph: { node: nodes }, quantised = new Map(), integers = new Map() }: Model,
  ) {
    this.#b = b;
    this.#live = new Set(trained);
    this.#masters = quantised;
    this.#stored = integers;
    const products = nodes.filter(({ opType }) => opType === 'MatMulInteger' || opType === 'ConvInteger');
    if (products.length === 0) return;
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
      if (scale !== undefined) this.#scaleOf.set(node.output[0] ?? '', scale);
    }
  }

  /**
   * Writes a node, its outputs under their own names.
   *
   * @returns whether it has been written
   * @throws {ClrError} for a node that takes integers where a weight is trained, and has no float form here
   */
  write(node: NodeProto, append: Append): boolean {
    const b = this.#b;
    const operator = operatorKey(node).replace('com.microsoft:', '');
    const isLive = (name: string): boolean => this.#live.has(name);
    if (node.input.some(isLive)) for (const name of node.output) this.#live.add(name);
    const data = dataInputs[operator] ?? [0];
    const live = data.some((i) => isLive(inputOf(node, i)));
    // A scale that training changes is not one that a value can be rounded by as before.
    const moved = node.input.some(
      (name, i) => !data.includes(i) && isLive(name) && !b.initializers.has(name),
    );
    const plain = moved && operator in dataInputs;
    if (!plain && b.writtenFor(describeNode(node), () => this.#rewrite(node, operator, live, append)))
      return true;
    const stuck = node.input.find((name) => this.#masters.has(name));
    if (stuck === undefined) return false;
    throw fail(
      'quantised operators that have a float form where their weights are trained',
      `${describeNode(node)}, whose weight is "${stuck}"`,
      'Leave that weight out with `trainable`.',
    );
  }

  #rewrite(node: NodeProto, operator: string, live: boolean, append: Append): boolean {
    const b = this.#b;
    const [out = ''] = node.output;
    const [x, second, third] = [0, 1, 2].map((i) => inputOf(node, i)) as [string, string, string];
    const give = (value: string): true => {
      append(identity(value, out));
      return true;
    };
    switch (operator) {
      case 'QuantizeLinear':
        append(node);
        this.#note(node, out, () => this.#clipped(node, x, out), second, third);
        return true;
      case 'DynamicQuantizeLinear': {
        append(node);
        const [, scale = '', zero = ''] = node.output;
        // The scale counts as a constant, and follows the range, so nothing is cut off.
        this.#live.delete(scale);
        this.#live.delete(zero);
        this.#ranges.add(scale);
        this.#note(node, out, () => x, scale, zero);
        return true;
      }
      case 'DequantizeLinear': {
        if (this.#masters.has(x)) return give(this.#master(x));
        if (b.type(x).type === DataType.FLOAT) return give(x);
        const real = this.#realOf(x, second, third);
        return real !== undefined && live && give(real);
      }
      case 'MatMulInteger':
      case 'ConvInteger': {
        const source = this.#real.get(x);
        const own = this.#scaleOf.get(out) ?? b.scalar(1, '');
        if (!live || !source || !this.#equal(source.zero, third)) return false;
        const weight = this.#weight(second, own, inputOf(node, 3), operator === 'ConvInteger' ? 0 : -1);
        const value = this.#product(node, operator === 'ConvInteger' ? 'Conv' : 'MatMul', [
          source.value(),
          weight,
        ]);
        b.declare(out, DataType.INT32, b.dims(value));
        this.#scaled.set(out, { value, by: [source.scale, own] });
        return true;
      }
      case 'Cast':
        if (!this.#scaled.has(x)) return this.#move(node, operator, append);
        return this.#divided(out, this.#scaled.get(x) as Scaled);
      case 'Mul':
        return this.#multiply(out, x, second, append);
      case 'MatMulIntegerToFloat': {
        const source = this.#realOf(x, third, inputOf(node, 4));
        if (!live || source === undefined) return false;
        const weight = this.#weight(second, inputOf(node, 3), inputOf(node, 5), -1);
        return give(this.#biased(b.matmul(source, weight), inputOf(node, 6)));
      }
      case 'DynamicQuantizeMatMul': {
        if (!live) return false;
        const [q, scale, zero] = b.emitAll('DynamicQuantizeLinear', [x], {}, 3) as [string, string, string];
        const source = this.#rounded(() => x, q, scale, zero);
        const weight = this.#weight(second, third, inputOf(node, 3), -1);
        return give(this.#biased(b.matmul(source, weight), inputOf(node, 4)));
      }
      case 'QLinearMatMul':
      case 'QLinearConv': {
        const conv = operator === 'QLinearConv';
        const source = this.#operand(node, 0);
        if (!live || source === undefined) return false;
        const weight = this.#weight(inputOf(node, 3), inputOf(node, 4), inputOf(node, 5), conv ? 0 : -1);
        const bias = conv ? this.#biasOf(node) : '';
        const parts = bias === '' ? [source, weight] : [source, weight, bias];
        const value = conv ? this.#product(node, 'Conv', parts) : b.matmul(source, weight);
        return this.#requantise(out, value, inputOf(node, 6), inputOf(node, 7));
      }
      case 'MatMulNBits': {
        const weight = this.#masters.has(second) ? this.#master(second) : live && this.#unpacked(second);
        return (
          weight !== undefined &&
          weight !== false &&
          give(this.#biased(b.matmul(x, weight), inputOf(node, 5)))
        );
      }
      default:
        return this.#elementwise(node, operator, live) || this.#move(node, operator, append);
    }
  }

  #elementwise(node: NodeProto, operator: string, live: boolean): boolean {
    const b = this.#b;
    const [out = ''] = node.output;
    if (!live) return false;
    const two = binary[operator];
    if (two) {
      const [left, right] = [this.#operand(node, 0), this.#operand(node, 3)];
      if (left === undefined || right === undefined) return false;
      return this.#requantise(out, b.emit(two, [left, right]), inputOf(node, 6), inputOf(node, 7));
    }
    const one = unary[operator];
    const source = one ? this.#operand(node, 0) : undefined;
    if (!one || source === undefined) return false;
    return this.#requantise(
      out,
      b.emitFrom(one, [source], node.attribute),
      inputOf(node, 3),
      inputOf(node, 4),
    );
  }

  /** An operator that moves integers moves the floats behind them, too. */
  #move(node: NodeProto, operator: string, append: Append): boolean {
    const b = this.#b;
    const [x = '', ...others] = node.input;
    const [out = ''] = node.output;
    const source = this.#real.get(x);
    if (!source || !moving.has(operator)) return false;
    append(node);
    this.#real.set(out, {
      ...source,
      value: () =>
        b.memo(`moved ${out}`, () => b.emitFrom(operator, [source.value(), ...others], node.attribute)),
    });
    return true;
  }

  /** Multiplies scales, or an integer product by its scales. */
  #multiply(out: string, x: string, y: string, append: Append): boolean {
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
    if (rest.length > 0) return this.#divided(out, { value: scaled.value, by: rest });
    append(identity(scaled.value, out));
    return true;
  }

  #isScale(name: string): boolean {
    return this.#b.initializers.has(name) || this.#ranges.has(name);
  }

  /** Gives a value divided by scales its name; a multiplication by the same scales takes the value itself. */
  #divided(out: string, scaled: Scaled): true {
    const b = this.#b;
    const [first = '', ...more] = scaled.by;
    b.emitAs('Div', [scaled.value, more.reduce((product, factor) => b.mul(product, factor), first)], {}, out);
    this.#scaled.set(out, scaled);
    return true;
  }

  #note(node: NodeProto, q: string, x: () => string, scale: string, zero: string): void {
    const attributes =
      node.opType === 'QuantizeLinear'
        ? node.attribute.filter(({ name }) => name === 'axis' || name === 'block_size')
        : [];
    const domain = node.domain;
    const value = (): string => this.#rounded(x, q, scale, zero, attributes, domain);
    this.#real.set(q, { value, scale, zero });
  }

  /** x as the integers q give it; its gradient goes to x. */
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

  /** x held in the range that the integers cover, where that is known: beyond it the slope is 0. */
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
    // Half a step beyond the ends is rounded onto them.
    const half = (scale.values[0] as number) / 2;
    return b.emit('Clip', [x, b.scalar(low - half, x), b.scalar(high + half, x)]);
  }

  /** The float value behind an operand (x, scale, zero). */
  #operand(node: NodeProto, at: number): string | undefined {
    const [x, scale, zero] = [at, at + 1, at + 2].map((i) => inputOf(node, i)) as [string, string, string];
    const real = this.#realOf(x, scale, zero);
    if (real !== undefined || this.#live.has(x)) return real;
    return this.#b.emit('DequantizeLinear', zero === '' ? [x, scale] : [x, scale, zero]);
  }

  /** The float value behind integers that are read by a scale and a zero: those by which they were made. */
  #realOf(q: string, scale: string, zero: string): string | undefined {
    const known = this.#real.get(q);
    return known && this.#equal(known.scale, scale) && this.#equal(known.zero, zero)
      ? known.value()
      : undefined;
  }

  #equal(a: string, c: string): boolean {
    if (a === c) return true;
    const [left, right] = [this.#b.constant(a), this.#b.constant(c)];
    return (
      left !== undefined &&
      right !== undefined &&
      left.values.length === right.values.length &&
      left.values.every((value, i) => value === right.values[i])
    );
  }

  /** A master, rounded as the export will hold it. */
  #master(name: string): string {
    return roundedMaster(this.#b, this.#masters.get(name) as Quantised);
  }

  /** A weight in floats: its master, or the stored integers times their scale. */
  #weight(name: string, scale: string, zero: string, axis: number): string {
    const b = this.#b;
    if (this.#masters.has(name)) return this.#master(name);
    const scalar = b.dims(scale)?.length === 0 || b.dims(scale)?.[0] === 1;
    const at = axisOf(axis, b.rank(name));
    const inputs = [name, this.#flat(scale), ...(zero === '' ? [] : [this.#flat(zero)])];
    return b.emit('DequantizeLinear', inputs, scalar ? {} : { axis: at });
  }

  /** Packed integers that stay as they are, as floats. */
  #unpacked(name: string): string | undefined {
    const b = this.#b;
    const record = this.#stored.get(name);
    if (!record) return undefined;
    return b.memo(`unpacked ${name}`, () => {
      const made = b.uniqueName(name);
      b.addInitializer(makeTensor(made, DataType.FLOAT, record.dims, record.decode()));
      return made;
    });
  }

  /** A scale as DequantizeLinear takes it. */
  #flat(name: string): string {
    const dims = this.#b.dims(name);
    return dims?.length === 1 && dims[0] === 1 ? this.#b.reshape(name, []) : name;
  }

  /** The bias of a QLinearConv: a master, or integers whose scale is that of the product. */
  #biasOf(node: NodeProto): string {
    const b = this.#b;
    const name = inputOf(node, 8);
    if (name === '') return name;
    if (this.#masters.has(name)) return this.#master(name);
    return b.mul(b.cast(name, DataType.FLOAT), b.mul(inputOf(node, 1), inputOf(node, 4)));
  }

  #product(node: NodeProto, operator: string, inputs: readonly string[]): string {
    return operator === 'Conv'
      ? this.#b.emitFrom('Conv', inputs, node.attribute)
      : this.#b.emit(operator, inputs);
  }

  #biased(value: string, bias: string): string {
    return bias === '' ? value : this.#b.add(value, bias);
  }

  /** Rounds a value to the integers that the model's own operator gives. */
  #requantise(out: string, value: string, scale: string, zero: string): true {
    const b = this.#b;
    b.emitAs('QuantizeLinear', zero === '' ? [value, scale] : [value, scale, zero], {}, out);
    const node = b.nodes.at(-1) as NodeProto;
    this.#note(node, out, () => this.#clipped(node, value, out), scale, zero);
    return true;
  }
}
