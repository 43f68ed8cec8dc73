import type { LayerSpec } from '@clr/onnx';

const dense = (units: readonly number[]): LayerSpec[] =>
  units.flatMap((each) => [{ type: 'dense' as const, units: each }, { type: 'relu' as const }]);

const dropped = (rate: number): LayerSpec[] => (rate > 0 ? [{ type: 'dropout', rate }] : []);

/** Fully connected layers. */
export const mlp = (hidden: readonly number[], rate: number, outputs: number): LayerSpec[] => [
  ...dense(hidden),
  ...dropped(rate),
  { type: 'dense', units: outputs },
];

/**
 * Layers for few rows: fully connected layers beside a linear path. The linear path learns the linear part of the
 * target, so the fully connected layers need not. Dropout keeps these layers from memorising noise.
 *
 * @see Cheng et al., arXiv 1606.07792, for the linear path
 */
export const wideAndDeep = (hidden: readonly number[], rate: number, outputs: number): LayerSpec[] => [
  {
    type: 'residual',
    layers: mlp(hidden, rate, outputs),
    shortcut: [{ type: 'dense', units: outputs }],
  },
];

/** Blocks of convolution, batch norm, ReLU and pooling for images [channels, height, width]. */
export function cnn(
  input: readonly number[],
  filters: readonly number[],
  hidden: readonly number[],
  rate: number,
  outputs: number,
): LayerSpec[] {
  let side = Math.min(input[1] ?? 1, input[2] ?? 1);
  const blocks = filters.flatMap((each): LayerSpec[] => {
    const pools = side >= 2;
    side = Math.floor(side / 2);
    return [
      { type: 'conv2d', filters: each, kernel: 3, padding: 1, bias: false },
      { type: 'batchNorm' },
      { type: 'relu' },
      ...(pools ? [{ type: 'maxPool' as const, size: 2 }] : []),
    ];
  });
  return [
    ...blocks,
    { type: 'globalAvgPool' },
    ...dense(hidden),
    ...dropped(rate),
    { type: 'dense', units: outputs },
  ];
}

/** The sizes of a {@link transformer}. */
export interface TransformerSizes {
  /** The number of values per step. */
  readonly width: number;
  readonly heads: number;
  readonly blocks: number;
  /** The number of different tokens. Undefined for sequences of measurements. */
  readonly vocabulary: number | undefined;
}

/** A pre-norm encoder for sequences of tokens or of measurements. */
export function transformer(
  { width, heads, blocks, vocabulary }: TransformerSizes,
  rate: number,
  outputs: number,
): LayerSpec[] {
  const residual = (...layers: LayerSpec[]): LayerSpec => ({
    type: 'residual',
    layers: [{ type: 'layerNorm' }, ...layers, ...dropped(rate)],
  });
  const block = [
    residual({ type: 'attention', heads }),
    residual({ type: 'dense', units: 4 * width }, { type: 'gelu' }, { type: 'dense', units: width }),
  ];
  return [
    vocabulary === undefined
      ? { type: 'dense', units: width }
      : { type: 'embedding', rows: vocabulary, units: width },
    { type: 'positions' },
    ...Array.from({ length: blocks }, () => block).flat(),
    { type: 'layerNorm' },
    { type: 'meanOverSteps' },
    { type: 'dense', units: outputs },
  ];
}
