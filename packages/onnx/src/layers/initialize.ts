import { createRandom } from './random.ts';

/**
 * The initialisation of weights. `in` and `out` are the fan-in and fan-out: the numbers of inputs and outputs, for
 * convolutions the numbers of channels times the kernel's size.
 *
 * - `'torch'`, PyTorch's default for linear and convolutional layers: weights and biases uniform in ±1/√in
 * - `'heUniform'`, `'heNormal'`: weights of variance 2 / in, and biases of 0
 * - `'glorotUniform'`, `'glorotNormal'`: weights of variance 2 / (in + out), and biases of 0
 *
 * Source: He et al., arXiv 1502.01852; Glorot and Bengio, AISTATS 2010; `torch.nn.Linear.reset_parameters`.
 */
export type Initialization = 'torch' | 'heUniform' | 'heNormal' | 'glorotUniform' | 'glorotNormal';

export const initializations: readonly Initialization[] = [
  'torch',
  'heUniform',
  'heNormal',
  'glorotUniform',
  'glorotNormal',
];

/** Random numbers that are uniform in ±bound. */
export function uniform(seed: number, name: string, length: number, bound: number): Float32Array {
  const random = createRandom(seed, name);
  return Float32Array.from({ length }, () => (2 * random.uniform() - 1) * bound);
}

/** Normally distributed random numbers with mean 0. */
export function normal(seed: number, name: string, length: number, deviation: number): Float32Array {
  const random = createRandom(seed, name);
  return Float32Array.from({ length }, () => random.normal() * deviation);
}

/** The initial weights of a layer with the given fan-in and fan-out. */
export function initialWeights(
  how: Initialization,
  { seed, name, length, fanIn, fanOut }: Fan & { readonly length: number },
): Float32Array {
  const variance = how.startsWith('glorot') ? 2 / (fanIn + fanOut) : 2 / fanIn;
  if (how === 'torch') return uniform(seed, name, length, 1 / Math.sqrt(fanIn));
  return how.endsWith('Normal')
    ? normal(seed, name, length, Math.sqrt(variance))
    : uniform(seed, name, length, Math.sqrt(3 * variance));
}

/** The initial biases of a layer. */
export function initialBiases(how: Initialization, { seed, name, fanIn }: Fan, length: number): Float32Array {
  return how === 'torch' ? uniform(seed, name, length, 1 / Math.sqrt(fanIn)) : new Float32Array(length);
}

/**
 * The data that determine a tensor's initial values: the seed, the tensor's name, and the layer's fan-in and fan-out.
 */
export interface Fan {
  readonly seed: number;
  readonly name: string;
  readonly fanIn: number;
  readonly fanOut: number;
}
