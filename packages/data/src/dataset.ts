/** An array of numbers, with ONNX's name for their type. */
export interface Values {
  /** The type of the numbers. */
  readonly type: 'float32' | 'int64';
  /** The sizes of the axes. The first axis counts the examples. */
  readonly dims: readonly number[];
  /** The numbers in row-major order. */
  readonly data: Float32Array | BigInt64Array;
}

/** One field of an example: its type, and its shape without the batch axis. */
export interface Field {
  /** The type of its numbers. */
  readonly type: Values['type'];
  /** The sizes of its axes. */
  readonly dims: readonly number[];
}

/** Examples that are read by their row numbers, from memory or from a file. */
export interface Dataset {
  /** The number of examples. */
  readonly count: number;
  /** The fields of an example, by name. `target` is the value to predict. */
  readonly fields: Readonly<Record<string, Field>>;
  /** Reads the given examples in order. Each field gives an array whose first axis counts the examples. */
  read(rows: ArrayLike<number>): Promise<Record<string, Values>>;
  /** The class of each example, if there are classes. Used for splits by class. */
  readonly labels?: ArrayLike<number>;
  /** Guesses and advice, as sentences. */
  readonly notes: readonly string[];
}
