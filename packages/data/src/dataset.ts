/** An array of numbers, row-major, by the name that ONNX gives its type. */
export interface Values {
  readonly type: 'float32' | 'int64';
  readonly dims: readonly number[];
  readonly data: Float32Array | BigInt64Array;
}

/** One part of an example: its shape without the batch. */
export interface Field {
  readonly type: Values['type'];
  readonly dims: readonly number[];
}

/** Examples that are read by their numbers: in memory, or from a file as they are asked for. */
export interface Dataset {
  readonly count: number;
  /** What an example consists of, by name. `target` is the answer to learn. */
  readonly fields: Readonly<Record<string, Field>>;
  /** These examples, in this order: for each field an array whose first axis counts them. */
  read(rows: ArrayLike<number>): Promise<Record<string, Values>>;
  /** The class of each example, where they have one: for splits by class. */
  readonly labels?: ArrayLike<number>;
  /** What was guessed, and advice, as sentences. */
  readonly notes: readonly string[];
}
