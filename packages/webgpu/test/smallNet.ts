import { dense, tanh } from '../src/network/layers.ts';
import { type Network, network } from '../src/network/network.ts';

/** A net of two layers for tests of device faults. */
export const smallNet: Network = network({
  input: [3],
  layers: [dense({ units: 4 }), tanh(), dense({ units: 2 })],
  loss: 'mse',
});

/** Ten examples for {@link smallNet}. */
export const smallData: {
  readonly input: Float32Array<ArrayBuffer>;
  readonly target: Float32Array<ArrayBuffer>;
} = {
  input: Float32Array.from({ length: 30 }, (_, i) => Math.sin(i)),
  target: new Float32Array(20),
};
