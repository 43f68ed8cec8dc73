import { batchOf, type Digits, orderOf } from '@clr/datasets/onnx';
import type { Batch } from '@clr/onnx';

/**
 * Batches of digits in a new order every epoch, and the indices of the examples in each batch, which `cacheFeatures`
 * needs.
 */
export class Loader {
  readonly #data: Digits;
  readonly #size: number;
  readonly #numbers = new WeakMap<Batch, readonly number[]>();

  constructor(data: Digits, size: number) {
    this.#data = data;
    this.#size = size;
  }

  readonly batches = (epoch: number): Batch[] =>
    orderOf(this.#data.count, this.#size, epoch).map((rows) => {
      const batch = batchOf(this.#data, rows);
      this.#numbers.set(batch, rows);
      return batch;
    });

  readonly numbersOf = (batch: Batch): readonly number[] => this.#numbers.get(batch) ?? [];
}
