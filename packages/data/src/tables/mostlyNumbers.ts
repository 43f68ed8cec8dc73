import { readNumber } from '../text/readNumber.ts';

/** A cell that is not a number. */
interface OddCell {
  readonly text: string;
  /** The row, from 1. */
  readonly row: number;
}

/**
 * Finds the cell because of which a column is read as text, though at least half of its cells are numbers. If most
 * cells are texts, such as sizes of clothes, the column is meant as text.
 */
export class MostlyNumbers {
  #seen = 0;
  #numbers = 0;
  #odd: OddCell | undefined;
  #withComma: OddCell | undefined;

  /** Looks at a cell that is not missing; `row` counts from 0. */
  see(text: string, row: number): void {
    this.#seen += 1;
    if (readNumber(text) !== undefined) this.#numbers += 1;
    else if (readNumber(text, true) === undefined) this.#odd ??= { text, row: row + 1 };
    else {
      // A decimal comma is a number in some tables. It is the odd cell only if there is no other.
      this.#numbers += 1;
      this.#withComma ??= { text, row: row + 1 };
    }
  }

  /** The first cell that is not a number. */
  get first(): OddCell | undefined {
    return this.#odd ?? this.#withComma;
  }

  /** The same, if at least half of the cells are numbers. */
  get odd(): OddCell | undefined {
    return this.#numbers * 2 >= this.#seen ? this.first : undefined;
  }
}
