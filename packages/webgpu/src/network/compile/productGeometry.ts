import type { Conv2dLayer, DenseLayer } from '../layers.ts';
import { type PlacedLayer, volume } from '../network.ts';

/** Treats dense layers and convolutions alike: a dense layer is a 1 × 1 convolution of a 1 × 1 image. */
export interface Geometry {
  readonly height: number;
  readonly width: number;
  readonly inputs: number;
  readonly rows: number;
  readonly columns: number;
  readonly outputs: number;
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
}

/**
 * The tile that {@link weightSplit} assumes. If it used the measured tile, the last bits of the results would depend
 * on a measurement of time.
 */
const countedTile = 4;

/** The approximate number of threads for a weight gradient. The sum over the batch is split to reach it. */
const wantedThreads = 4096;

/** The sizes of a layer's matrix product. */
export function geometryOf({ input, output }: PlacedLayer, layer: DenseLayer | Conv2dLayer): Geometry {
  if (layer.type === 'dense') {
    const inputs = volume(input);
    const one = { height: 1, width: 1, rows: 1, columns: 1, kernel: 1, stride: 1, padding: 0 };
    return { ...one, inputs, outputs: layer.units };
  }
  const [height, width, inputs] = input;
  const [rows, columns, outputs] = output;
  const { kernel, stride, padding } = layer;
  return { height, width, inputs, rows, columns, outputs, kernel, stride, padding };
}

/** The border around a layer's output gradient that the layer needs to compute its input gradient. */
export function gradientHaloOf(layer: DenseLayer | Conv2dLayer): number {
  return layer.type === 'conv2d' && layer.stride === 1 ? Math.max(0, layer.kernel - 1 - layer.padding) : 0;
}

/** The split of a weight gradient's sum into parts. */
export interface WeightSplit {
  /** Numbers in one part: all weights and biases. */
  readonly length: number;
  /** The number of parts. A single part need not be added up. */
  readonly splits: number;
}

/**
 * Splits the weight gradient's sum over a batch. The split decides the last bits of the sum, so it depends on shapes
 * alone.
 */
export function weightSplit(
  placed: PlacedLayer,
  layer: DenseLayer | Conv2dLayer,
  batch: number,
): WeightSplit {
  const { kernel, inputs, outputs, rows } = geometryOf(placed, layer);
  const depth = kernel * kernel * inputs;
  const tiles = Math.ceil(depth / countedTile) * Math.ceil(outputs / countedTile);
  const maxSplits = Math.max(1, Math.floor((batch * rows) / 8));
  const splits = Math.min(maxSplits, Math.ceil(wantedThreads / tiles), 64);
  return { length: (depth + 1) * outputs, splits };
}

/** A tile's side along `length` numbers: at most `most`, chosen so that all tiles are about equally full. */
export function tileOf(length: number, most: number): number {
  return Math.ceil(length / Math.ceil(length / most));
}
