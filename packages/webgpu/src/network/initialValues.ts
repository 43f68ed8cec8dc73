import { uniform } from './compile/random.ts';
import type { NamedTensor } from './network.ts';

/**
 * Initial values: weights and biases are uniform in ±1/√fanIn, scales and variances are 1, and shifts and means are
 * 0. The same seed gives the same numbers on every device.
 */
export function initialValues(tensors: readonly NamedTensor[], seed: number): Float32Array<ArrayBuffer> {
  const length = tensors.reduce((total, tensor) => total + tensor.length, 0);
  const values = new Float32Array(length);
  const draw = uniform(seed);
  for (const { name, offset, length, fanIn } of tensors) {
    const bound = fanIn > 0 ? 1 / Math.sqrt(fanIn) : 0;
    const start = /\.(scale|variance)$/.test(name) ? 1 : 0;
    for (let index = 0; index < length; index++) {
      values[offset + index] = fanIn > 0 ? bound * (2 * draw() - 1) : start;
    }
  }
  return values;
}
