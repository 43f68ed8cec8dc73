import { defaultDevice, init, jit, lax, nn, numpy as np, tree, valueAndGrad } from '@jax-js/jax';
import { type Contestant, images, type LayerSpec, labels, type NetSpec } from './nets.ts';

type Params = { w: np.Array; b: np.Array }[];

/** Applies one layer. Channels come first, as in jax-js. In jax-js a function owns its arguments. */
function apply(layer: LayerSpec, x: np.Array, params: () => Params[number]): np.Array {
  switch (layer.type) {
    case 'conv': {
      const { w, b } = params();
      const pad: [number, number] = [layer.padding, layer.padding];
      return lax.conv(x, w, [1, 1], [pad, pad]).add(b);
    }
    case 'relu':
      return nn.relu(x);
    case 'dense': {
      const { w, b } = params();
      return np.matmul(x.reshape([x.shape[0] ?? 1, -1]), w).add(b);
    }
    default: {
      const padded =
        layer.size === 3
          ? np.pad(x, [
              [0, 0],
              [0, 0],
              [0, 1],
              [0, 1],
            ])
          : x;
      const fold = layer.type === 'maxPool' ? (w: np.Array) => np.max(w) : (w: np.Array) => np.mean(w);
      return lax.reduceWindow(padded, fold, [layer.size, layer.size], [2, 2]);
    }
  }
}

/** A net in jax-js, with the whole step compiled by `jit`, data on the device, and one readback after all steps. */
export async function jax(net: NetSpec): Promise<Contestant> {
  await init('webgpu');
  defaultDevice('webgpu');
  const [height, width, channels] = net.input;
  let shape: [number, number, number] = [channels, height, width];
  let params: Params = [];
  const wave = (dims: number[], fan: number): np.Array => {
    const length = dims.reduce((product, size) => product * size, 1);
    return np
      .array(Float32Array.from({ length }, (_, i) => Math.sin(i * 12.9898) / Math.sqrt(fan)))
      .reshape(dims);
  };
  for (const layer of net.layers) {
    const [c, h, w] = shape;
    if (layer.type === 'conv') {
      params.push({ w: wave([layer.filters, c, 5, 5], 25 * c), b: np.zeros([layer.filters, 1, 1]) });
      shape = [layer.filters, h + 2 * layer.padding - 4, w + 2 * layer.padding - 4];
    } else if (layer.type === 'dense') {
      params.push({ w: wave([c * h * w, layer.units], c * h * w), b: np.zeros([layer.units]) });
      shape = [layer.units, 1, 1];
    } else if (layer.type !== 'relu') shape = [c, Math.ceil(h / 2), Math.ceil(w / 2)];
  }
  let velocity = tree.map((a: np.Array) => np.zeros(a.shape), params) as Params;
  params = params.map(({ w, b }) => ({ w, b }));
  const x = np.array(images(net)).reshape([net.batch, channels, height, width]);
  const y = nn.oneHot(np.array(Int32Array.from(labels(net)), { dtype: np.int32 }), 10);

  const loss = (weights: Params, x: np.Array, y: np.Array): np.Array => {
    let at = 0;
    const next = (): Params[number] => weights[at++] as Params[number];
    const logits = net.layers.reduce((value, layer) => apply(layer, value, next), x);
    return np.mean(np.sum(nn.logSoftmax(logits).mul(y), -1)).mul(-1);
  };
  const step = jit((weights: Params, moving: Params, lr: np.Array, x: np.Array, y: np.Array) => {
    const [value, gradients] = valueAndGrad(loss)(tree.ref(weights), x, y);
    const velocity = tree.map(
      (v: np.Array, g: np.Array) => v.mul(0.9).add(g),
      moving,
      gradients as Params,
    ) as Params;
    const moved = tree.map(
      (w: np.Array, v: np.Array) => w.sub(v.mul(lr.ref)),
      weights,
      tree.ref(velocity),
    ) as Params;
    lr.dispose();
    return [moved, velocity, value] as [Params, Params, np.Array];
  });
  const take = (steps: number): np.Array => {
    let last: np.Array | undefined;
    for (let index = 0; index < steps; index++) {
      last?.dispose();
      const [moved, moving, value] = step(params, velocity, np.array(0.001), x.ref, y.ref);
      [params, velocity, last] = [moved, moving, value];
    }
    return last as np.Array;
  };
  return {
    async run(steps) {
      await take(steps).data();
    },
    async host(steps) {
      const began = performance.now();
      const value = take(steps);
      const spent = performance.now() - began;
      await value.data();
      return (spent * 1000) / steps;
    },
    dispose: () => undefined,
  };
}
