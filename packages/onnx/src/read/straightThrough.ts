import { fail } from '../errors.ts';
import { DataType } from '../format/dataType.ts';
import { describeNode } from '../format/describeNode.ts';
import type { Model } from '../format/model.ts';
import type { NodeProto } from '../generated/onnx_pb.ts';
import { operatorKey } from '../graph/graph.ts';
import { inputOf } from '../graph/infer.ts';
import type { Ops } from '../graph/ops.ts';
import { FloatWeights } from './floatWeights.ts';
import { identity } from './inline.ts';
import { IntegerProducts } from './integerProducts.ts';
import { RoundedValues } from './roundedValues.ts';

/** Appends a node of the model, upgraded to the working opset. */
export type Append = (node: NodeProto) => void;

/** Operators that only move or select elements, so they commute with a positive scale. */
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

/**
 * The float operators that correspond to ONNX Runtime's QLinear operators. A QLinear operator has the inputs (x,
 * scale, zero) for each operand, then the output's scale and zero.
 */
const binary: Readonly<Record<string, string>> = { QLinearAdd: 'Add', QLinearMul: 'Mul' };
const unary: Readonly<Record<string, string>> = {
  QLinearSigmoid: 'Sigmoid',
  QLinearLeakyRelu: 'LeakyRelu',
};

/** The inputs that hold data, either floats or quantised integers. The other inputs are scales and zero points. */
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
 * Writes a quantised model in floats for training. Weights are replaced by float32 copies (masters). Values that the
 * model quantises at run time are rounded as before, but gradients pass through the rounding unchanged ("straight
 * through"). Parts of a model without trained weights keep their integers.
 */
export class StraightThrough {
  readonly #b: Ops;
  readonly #values: RoundedValues;
  readonly #products: IntegerProducts;
  readonly #weights: FloatWeights;
  /** Values that depend on a trained tensor. */
  readonly #live: Set<string>;

  /** @param trained - the stored tensors that may be trained */
  constructor(b: Ops, trained: Iterable<string>, model: Model) {
    this.#b = b;
    this.#live = new Set(trained);
    this.#values = new RoundedValues(b);
    this.#products = new IntegerProducts(b, model.graph.node);
    this.#weights = new FloatWeights(b, model);
  }

  /**
   * Writes a node. Its outputs keep their names.
   *
   * @returns whether it was written
   * @throws {ClrError} for a node that reads the integers of a trained weight and cannot be written in floats
   */
  write(node: NodeProto, append: Append): boolean {
    const b = this.#b;
    const operator = operatorKey(node).replace('com.microsoft:', '');
    const isLive = (name: string): boolean => this.#live.has(name);
    if (node.input.some(isLive)) for (const name of node.output) this.#live.add(name);
    const data = dataInputs[operator] ?? [0];
    const live = data.some((i) => isLive(inputOf(node, i)));
    // If training changes a scale, the values can no longer be rounded with the stored scale.
    const moved = node.input.some(
      (name, i) => !data.includes(i) && isLive(name) && !b.initializers.has(name),
    );
    const plain = moved && operator in dataInputs;
    if (!plain && b.writtenFor(describeNode(node), () => this.#rewrite(node, operator, live, append)))
      return true;
    const stuck = node.input.find((name) => this.#weights.isTrained(name));
    if (stuck === undefined) return false;
    throw fail(
      'a quantised operator that can be computed in floats, because its weight is trained',
      `${describeNode(node)}, whose weight is "${stuck}"`,
      'Leave that weight out with `trainable`.',
    );
  }

  #rewrite(node: NodeProto, operator: string, live: boolean, append: Append): boolean {
    const b = this.#b;
    const [values, products, weights] = [this.#values, this.#products, this.#weights];
    const [out = ''] = node.output;
    const [x, second, third] = [0, 1, 2].map((i) => inputOf(node, i)) as [string, string, string];
    const give = (value: string): true => {
      append(identity(value, out));
      return true;
    };
    switch (operator) {
      case 'QuantizeLinear':
        append(node);
        values.noteQuantized(node, x, out, second, third);
        return true;
      case 'DynamicQuantizeLinear': {
        append(node);
        const [, scale = '', zero = ''] = node.output;
        // The scale has no gradient. It covers the range of x, so no value is clipped.
        this.#live.delete(scale);
        this.#live.delete(zero);
        products.noteRange(scale);
        values.noteDynamic(x, out, scale, zero);
        return true;
      }
      case 'DequantizeLinear': {
        if (weights.isTrained(x)) return give(weights.master(x));
        if (b.type(x).type === DataType.FLOAT) return give(x);
        const real = values.readBy(x, second, third);
        return real !== undefined && live && give(real);
      }
      case 'MatMulInteger':
      case 'ConvInteger':
        return this.#integerProduct(node, live);
      case 'Cast':
        return products.cast(x, out) || this.#move(node, operator, append);
      case 'Mul':
        return products.multiply(out, x, second, give);
      case 'MatMulIntegerToFloat': {
        const source = values.readBy(x, third, inputOf(node, 4));
        if (!live || source === undefined) return false;
        const weight = weights.weight(second, inputOf(node, 3), inputOf(node, 5), -1);
        return give(this.#biased(b.matmul(source, weight), inputOf(node, 6)));
      }
      case 'DynamicQuantizeMatMul': {
        if (!live) return false;
        const [q, scale, zero] = b.emitAll('DynamicQuantizeLinear', [x], {}, 3) as [string, string, string];
        values.noteDynamic(x, q, scale, zero);
        const source = values.readBy(q, scale, zero) as string;
        const weight = weights.weight(second, third, inputOf(node, 3), -1);
        return give(this.#biased(b.matmul(source, weight), inputOf(node, 4)));
      }
      case 'QLinearMatMul':
      case 'QLinearConv':
        return this.#linearProduct(node, operator, live);
      case 'MatMulNBits': {
        const weight = weights.isTrained(second) || live ? weights.packed(second) : undefined;
        return weight !== undefined && give(this.#biased(b.matmul(x, weight), inputOf(node, 5)));
      }
      default:
        return this.#elementwise(node, operator, live) || this.#move(node, operator, append);
    }
  }

  /** MatMulInteger and ConvInteger: products that the model multiplies by the scales afterwards. */
  #integerProduct(node: NodeProto, live: boolean): boolean {
    const b = this.#b;
    const conv = node.opType === 'ConvInteger';
    const [out = ''] = node.output;
    const source = this.#values.get(inputOf(node, 0));
    if (!live || !source || !this.#values.equal(source.zero, inputOf(node, 2))) return false;
    const own = this.#products.weightScale(out);
    const weight = this.#weights.weight(inputOf(node, 1), own, inputOf(node, 3), conv ? 0 : -1);
    const value = this.#product(node, conv, [source.value(), weight]);
    b.declare(out, DataType.INT32, b.dims(value));
    this.#products.note(out, value, [source.scale, own]);
    return true;
  }

  /** QLinearMatMul and QLinearConv: products that are rounded to integers again. */
  #linearProduct(node: NodeProto, operator: string, live: boolean): boolean {
    const conv = operator === 'QLinearConv';
    const [, scale, , weight, weightScale, zero, outScale, outZero, bias] = Array.from(
      { length: 9 },
      (_, i) => inputOf(node, i),
    ) as [string, string, string, string, string, string, string, string, string];
    const source = this.#operand(node, 0);
    if (!live || source === undefined) return false;
    const parts = [source, this.#weights.weight(weight, weightScale, zero, conv ? 0 : -1)];
    if (conv && bias !== '') parts.push(this.#weights.bias(bias, scale, weightScale));
    return this.#requantise(node.output[0] ?? '', this.#product(node, conv, parts), outScale, outZero);
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

  /** If an operator moves integers, the floats that they represent are moved too. */
  #move(node: NodeProto, operator: string, append: Append): boolean {
    const b = this.#b;
    const [x = '', ...others] = node.input;
    const [out = ''] = node.output;
    const source = this.#values.get(x);
    if (!source || !moving.has(operator)) return false;
    append(node);
    this.#values.set(out, {
      ...source,
      value: () =>
        b.memo(`moved ${out}`, () => b.emitFrom(operator, [source.value(), ...others], node.attribute)),
    });
    return true;
  }

  /** The float value of an operand (x, scale, zero). */
  #operand(node: NodeProto, at: number): string | undefined {
    const [x, scale, zero] = [at, at + 1, at + 2].map((i) => inputOf(node, i)) as [string, string, string];
    const real = this.#values.readBy(x, scale, zero);
    if (real !== undefined || this.#live.has(x)) return real;
    return this.#b.emit('DequantizeLinear', zero === '' ? [x, scale] : [x, scale, zero]);
  }

  #product(node: NodeProto, conv: boolean, inputs: readonly string[]): string {
    return conv ? this.#b.emitFrom('Conv', inputs, node.attribute) : this.#b.emit('MatMul', inputs);
  }

  #biased(value: string, bias: string): string {
    return bias === '' ? value : this.#b.add(value, bias);
  }

  /** Rounds a value to the integers that the model's own operator would give. */
  #requantise(out: string, value: string, scale: string, zero: string): true {
    const b = this.#b;
    b.emitAs('QuantizeLinear', zero === '' ? [value, scale] : [value, scale, zero], {}, out);
    this.#values.noteQuantized(b.nodes.at(-1) as NodeProto, value, out, scale, zero);
    return true;
  }
}
