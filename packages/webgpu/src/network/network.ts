import { checkOptionNames } from '@clr/core';
import { badArgument } from '../errors.ts';
import { completeLayer, type LayerData } from './completeLayer.ts';
import type { ActivationLayer, Layer, PoolLayer } from './layers.ts';

/** Height, width, channels. */
export type Shape = readonly [height: number, width: number, channels: number];

/** A loss: mean softmax cross-entropy against class indices, or mean squared error. */
export type Loss = 'crossEntropy' | 'mse';

/** The argument of {@link network}. */
export interface NetworkOptions {
  /** `[height, width, channels]`, or `[features]`. */
  readonly input: Shape | readonly [features: number];
  /** Made by `dense()`, `conv2d()` and others, or plain data without the defaults: `{ type: 'dense', units: 10 }`. */
  readonly layers: readonly LayerData[];
  /** The loss to minimise. */
  readonly loss: Loss;
}

/** A tensor of numbers that a network owns. */
export interface NamedTensor {
  /** Such as `conv1.weight`, `dense2.bias`, `batchNorm1.scale`. */
  readonly name: string;
  /** The sizes of its axes. */
  readonly dims: readonly number[];
  /** How many numbers it holds. */
  readonly length: number;
  /** Its offset, in numbers, in the buffer of all parameters or of all statistics. */
  readonly offset: number;
  /** Inputs per output, which decide the initial range. 0 for tensors that start at a constant. */
  readonly fanIn: number;
}

/** A layer of the network: its input shape, output shape and activation. */
export interface PlacedLayer {
  /** The layer, with its defaults filled in. */
  readonly layer: Layer;
  /** The shape of its input without the batch: [height, width, channels]. */
  readonly input: Shape;
  /** The shape of its output without the batch. */
  readonly output: Shape;
  /** The activation that is fused into it. */
  readonly activation: ActivationLayer['type'] | undefined;
  /** The offset of its parameters, in numbers. */
  readonly parameters: number;
  /** The offset of its running statistics, in numbers. */
  readonly statistics: number;
}

/** A network as plain data, with all shapes and parameter names. */
export interface Network {
  /** The shape of an example: [height, width, channels]. */
  readonly input: Shape;
  /** The shape of the output for an example. */
  readonly output: Shape;
  /** The loss to minimise. */
  readonly loss: Loss;
  /** The layers, in order. */
  readonly layers: readonly PlacedLayer[];
  /** The tensors that the optimizer trains. */
  readonly parameters: readonly NamedTensor[];
  /** Running means and variances. They have no gradients. */
  readonly statistics: readonly NamedTensor[];
}

/**
 * Describes a feed-forward network: works out every shape and names every parameter. The result is plain data.
 * Nothing is made on a device before `createTrainer`.
 *
 * Tensors are channels-last. `dense` flattens its input.
 *
 * @throws {GpuError} `argument` for shapes that do not fit
 *
 * @example
 * ```ts
 * const lenet = network({
 *   input: [28, 28, 1],
 *   layers: [
 *     conv2d({ filters: 6, kernel: 5 }), relu(), maxPool({ size: 2 }),
 *     conv2d({ filters: 16, kernel: 5 }), relu(), maxPool({ size: 2 }),
 *     dense({ units: 120 }), relu(), dense({ units: 84 }), relu(), dense({ units: 10 }),
 *   ],
 *   loss: 'crossEntropy',
 * });
 * lenet.output; // [1, 1, 10]
 * ```
 */
export function network(options: NetworkOptions): Network {
  const names = ['input', 'layers', 'loss'] as const;
  const { input, layers, loss } = checkOptionNames('clr/webgpu', 'network', options, names);
  const isList = Array.isArray(input);
  const first: Shape = isList && input.length === 1 ? [1, 1, input[0]] : (input as Shape);
  if (!isList || first.length !== 3 || first.some((size) => !Number.isSafeInteger(size) || size < 1)) {
    throw badArgument(
      'input to be [height, width, channels] or [features]',
      isList ? `[${input.join(', ')}]` : String(input),
      'Use positive integers.',
    );
  }
  if (loss !== 'crossEntropy' && loss !== 'mse') {
    throw badArgument("loss to be 'crossEntropy' or 'mse'", String(loss), 'Pick one.');
  }
  if (!Array.isArray(layers)) {
    throw badArgument('layers to be a list', String(layers), 'Pass [dense({ units: 10 })], for example.');
  }
  const parameters = new Names();
  const statistics = new Names();
  const placed: PlacedLayer[] = [];
  let shape = first;
  layers.map(completeLayer).forEach((layer, index) => {
    const last = placed.at(-1);
    if (isActivation(layer) && last && last.activation === undefined) {
      placed[placed.length - 1] = { ...last, activation: layer.type };
      return;
    }
    const output = outputShape(layer, shape, index);
    placed.push({
      layer,
      input: shape,
      output,
      activation: isActivation(layer) ? layer.type : undefined,
      parameters: parameters.length,
      statistics: statistics.length,
    });
    nameParameters(layer, shape, parameters, statistics);
    shape = output;
  });
  if (parameters.length === 0) {
    throw badArgument(
      'a layer with weights',
      `${layers.length} layers without any`,
      'Add dense() or conv2d().',
    );
  }
  return {
    input: first,
    output: shape,
    loss,
    layers: placed,
    parameters: parameters.tensors,
    statistics: statistics.tensors,
  };
}

/** A line for each layer, with its type, output shape and activation, and then a line for the loss. */
export function topologyOf({ input, layers, loss }: Network): string[] {
  const lines = layers.map(({ layer, output, activation }) => {
    const { type, ...options } = layer as Layer & { readonly rate?: number };
    // These three options may differ between runs of the same network.
    const fixed = Object.entries(options).filter(([name]) => !['rate', 'momentum', 'epsilon'].includes(name));
    const words = fixed.map(([name, value]) => `${name} ${value}`);
    return [type, ...words, `[${output.join(', ')}]`, ...(activation ? [activation] : [])].join(' ');
  });
  return [`input [${input.join(', ')}]`, ...lines, loss];
}

/** True for a layer that changes each number by itself. */
export function isActivation(layer: Layer): layer is ActivationLayer {
  return layer.type === 'relu' || layer.type === 'sigmoid' || layer.type === 'tanh';
}

/** The number of elements in a shape. */
export function volume([height, width, channels]: Shape): number {
  return height * width * channels;
}

class Names {
  readonly tensors: NamedTensor[] = [];
  readonly #counts = new Map<string, number>();
  length = 0;

  /** The next name of a kind: `conv1`, `conv2`, … */
  next(kind: string): string {
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    return kind + count;
  }

  add(name: string, dims: readonly number[], fanIn: number): void {
    const length = dims.reduce((product, size) => product * size, 1);
    this.tensors.push({ name, dims, length, offset: this.length, fanIn });
    this.length += length;
  }
}

function nameParameters(layer: Layer, input: Shape, parameters: Names, statistics: Names): void {
  const channels = input[2];
  if (layer.type === 'dense') {
    const name = parameters.next('dense');
    const inputs = volume(input);
    parameters.add(`${name}.weight`, [inputs, layer.units], inputs);
    parameters.add(`${name}.bias`, [layer.units], inputs);
  } else if (layer.type === 'conv2d') {
    const name = parameters.next('conv');
    const { kernel, filters } = layer;
    const fanIn = kernel * kernel * channels;
    parameters.add(`${name}.weight`, [kernel, kernel, channels, filters], fanIn);
    parameters.add(`${name}.bias`, [filters], fanIn);
  } else if (layer.type === 'batchNorm') {
    const name = parameters.next('batchNorm');
    for (const field of ['scale', 'shift']) parameters.add(`${name}.${field}`, [channels], 0);
    for (const field of ['mean', 'variance']) statistics.add(`${name}.${field}`, [channels], 0);
  }
}

function outputShape(layer: Layer, [height, width, channels]: Shape, index: number): Shape {
  if (layer.type === 'dense') return [1, 1, layer.units];
  if (layer.type === 'conv2d') {
    const size = (length: number): number =>
      Math.floor((length + 2 * layer.padding - layer.kernel) / layer.stride) + 1;
    return fitting([size(height), size(width), layer.filters], layer, index);
  }
  if (layer.type === 'maxPool' || layer.type === 'avgPool') {
    return fitting([pooled(layer, height), pooled(layer, width), channels], layer, index);
  }
  return [height, width, channels];
}

/** PyTorch's rule: with `ceil`, the last window must still start inside the input or its left padding. */
function pooled({ size, stride, padding, ceil }: PoolLayer, length: number): number {
  const windows = (length + 2 * padding - size) / stride + 1;
  if (!ceil) return Math.floor(windows);
  const rounded = Math.ceil(windows);
  return (rounded - 1) * stride >= length + padding ? rounded - 1 : rounded;
}

function fitting(shape: Shape, layer: Layer, index: number): Shape {
  if (shape.some((size) => size < 1)) {
    throw badArgument(
      `an input large enough for layers[${index}] (${layer.type})`,
      `an output of [${shape.join(', ')}]`,
      'Use a smaller kernel, more padding, or fewer poolings before it.',
    );
  }
  return shape;
}
