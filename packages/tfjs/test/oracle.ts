/** What the tests read of PyTorch's numbers. */
export interface Oracle {
  readonly optimizers: {
    readonly problems: {
      readonly quadratic: { readonly A: number[][]; readonly c: number[]; readonly w0: number[] };
      readonly mlp: { readonly X: number[][]; readonly Y: number[]; readonly init: Parameters };
    };
    readonly runs: {
      readonly problem: string;
      readonly dtype: string;
      readonly optimizer: string;
      readonly lr: number[];
      readonly momentum?: number[] | null;
      readonly loss: number[];
      readonly paramsAfter: Record<string, Record<string, number[]>>;
    }[];
  };
  readonly convnet: {
    readonly images: { readonly data: number[] };
    readonly labels: number[];
    readonly batches: number[][];
    readonly init: Record<'A' | 'B', Parameters>;
    readonly runs: Record<
      string,
      {
        readonly lr: number[];
        readonly momentum: number[];
        readonly loss: number[];
        readonly paramsAfter12: Parameters;
      }
    >;
  };
}

type Parameters = Record<string, { readonly shape: number[]; readonly data: number[] }>;
