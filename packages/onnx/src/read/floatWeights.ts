import { DataType } from '../format/dataType.ts';
import type { Model } from '../format/model.ts';
import type { Quantised } from '../format/quantised.ts';
import { makeTensor } from '../format/tensor.ts';
import { axisOf } from '../graph/infer.ts';
import type { Ops } from '../graph/ops.ts';
import { roundedMaster } from './roundedMaster.ts';

/**
 * The weights of quantised operators as floats: float32 copies (master weights) if they are trained, else integers
 * times their scale.
 */
export class FloatWeights {
  readonly #b: Ops;
  readonly #masters: ReadonlyMap<string, Quantised>;
  readonly #stored: ReadonlyMap<string, Quantised>;

  constructor(b: Ops, { quantised = new Map(), integers = new Map() }: Model) {
    this.#b = b;
    this.#masters = quantised;
    this.#stored = integers;
  }

  /** Whether a weight has a float master. */
  isTrained(name: string): boolean {
    return this.#masters.has(name);
  }

  /** A master weight, rounded as it will be in the export. */
  master(name: string): string {
    return roundedMaster(this.#b, this.#masters.get(name) as Quantised);
  }

  /** A weight: its master, or the stored integers times their scale. */
  weight(name: string, scale: string, zero: string, axis: number): string {
    const b = this.#b;
    if (this.isTrained(name)) return this.master(name);
    const scalar = b.dims(scale)?.length === 0 || b.dims(scale)?.[0] === 1;
    const at = axisOf(axis, b.rank(name));
    const inputs = [name, this.#flat(scale), ...(zero === '' ? [] : [this.#flat(zero)])];
    return b.emit('DequantizeLinear', inputs, scalar ? {} : { axis: at });
  }

  /** A packed weight: its master, or its integers times their scale. `undefined` if the weight is not stored. */
  packed(name: string): string | undefined {
    const b = this.#b;
    if (this.isTrained(name)) return this.master(name);
    const record = this.#stored.get(name);
    if (!record) return undefined;
    return b.memo(`unpacked ${name}`, () => {
      const made = b.uniqueName(name);
      b.addInitializer(makeTensor(made, DataType.FLOAT, record.dims, record.decode()));
      return made;
    });
  }

  /** A bias: its master, or integers times the product of both scales. */
  bias(name: string, inputScale: string, weightScale: string): string {
    const b = this.#b;
    if (this.isTrained(name)) return this.master(name);
    return b.mul(b.cast(name, DataType.FLOAT), b.mul(inputScale, weightScale));
  }

  /** A scale in the shape that DequantizeLinear accepts. */
  #flat(name: string): string {
    const dims = this.#b.dims(name);
    return dims?.length === 1 && dims[0] === 1 ? this.#b.reshape(name, []) : name;
  }
}
