/** `convnet.json`: PyTorch's two small nets, step by step. */
export interface Convnet {
  readonly images: { readonly data: readonly number[] };
  readonly labels: readonly number[];
  readonly batches: readonly (readonly number[])[];
  readonly init: Readonly<Record<'A' | 'B', Readonly<Record<string, { shape: number[]; data: number[] }>>>>;
  readonly runs: Readonly<Record<string, ConvnetRun>>;
}

export interface ConvnetRun {
  readonly lr: readonly number[];
  readonly momentum: readonly number[];
  readonly loss: readonly number[];
  readonly correct: readonly number[];
  readonly grad0: Readonly<Record<string, { data: number[] }>>;
  readonly paramsAfter12: Readonly<Record<string, { data: number[] }>>;
  readonly fullSetLossAfter12: number;
}
