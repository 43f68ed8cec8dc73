import { type Policy, sampleSchedule } from '@clr/core';
import { defaultDevice, init, jit, numpy as np, tree, valueAndGrad } from '@jax-js/jax';

type Params = { w1: np.Array; b1: np.Array; w2: np.Array };

/**
 * The mean squared error of a small tanh net. A jax-js function frees its arguments, so `.ref` keeps those that are
 * used again.
 */
function loss(params: Params, x: np.Array, y: np.Array): np.Array {
  const hidden = np.tanh(np.matmul(x, params.w1).add(params.b1));
  return np.mean(np.square(np.matmul(hidden, params.w2).sub(y)));
}

/** One step of SGD. The rate is an argument, so a new rate needs no compilation. */
const step = jit((params: Params, lr: np.Array, x: np.Array, y: np.Array): [Params, np.Array] => {
  const [value, gradients] = valueAndGrad(loss)(tree.ref(params), x, y);
  const moved = tree.map(
    (w: np.Array, g: np.Array) => w.sub(g.mul(lr.ref)),
    params,
    gradients as Params,
  ) as Params;
  lr.dispose();
  return [moved, value];
});

/**
 * A clr policy in a jax-js training loop. The whole schedule is one array on the device, and each step reads its rate
 * from it. The losses stay on the device until the end, so the run needs a single readback.
 */
export async function trainJax(
  policy: Policy,
  steps: number,
  device: 'wasm' | 'webgpu' = 'wasm', // 'webgpu' in a browser; jax-js has no GPU in Node
): Promise<{ losses: Float32Array; rates: Float32Array }> {
  await init(device);
  defaultDevice(device);
  const rates = sampleSchedule(policy, { steps });
  const points = 64;
  const xs = Float32Array.from({ length: points }, (_, i) => (2 * i) / (points - 1) - 1);
  const x = np.array(xs).reshape([points, 1]);
  const y = np.array(xs.map((value) => Math.sin(3 * value))).reshape([points, 1]);
  const wave = (length: number, scale: number) =>
    Float32Array.from({ length }, (_, i) => scale * Math.sin(1 + i * 7.3));
  let params: Params = {
    w1: np.array(wave(16, 2)).reshape([1, 16]),
    b1: np.array(wave(16, 1)),
    w2: np.array(wave(16, 0.5)).reshape([16, 1]),
  };
  const table = np.array(rates);
  const losses: np.Array[] = [];
  for (let index = 0; index < steps; index++) {
    const [next, value] = step(params, table.ref.slice(index), x.ref, y.ref);
    params = next;
    losses.push(value);
  }
  const read = (await np.stack(losses).data()) as Float32Array;
  for (const array of [table, x, y]) array.dispose();
  tree.dispose(params);
  return { losses: read, rates };
}
