import { constant, sgd } from '@clr/core';
import { avgPool, conv2d, createTrainer, dense, maxPool, network, relu } from '@clr/webgpu';
import { type Contestant, images, type LayerSpec, labels, type NetSpec } from './nets.ts';

function layerOf(layer: LayerSpec) {
  switch (layer.type) {
    case 'conv':
      return conv2d({ filters: layer.filters, kernel: 5, padding: layer.padding });
    case 'relu':
      return relu();
    case 'dense':
      return dense({ units: layer.units });
    default:
      return (layer.type === 'maxPool' ? maxPool : avgPool)({ size: layer.size, stride: 2, ceil: true });
  }
}

/** A net in @clr/webgpu, with all steps in one submission. */
export async function clr(device: GPUDevice, net: NetSpec): Promise<Contestant> {
  const described = network({ input: net.input, layers: net.layers.map(layerOf), loss: 'crossEntropy' });
  const trainer = await createTrainer(device, described, {
    optimizer: sgd({ momentum: 0.9 }),
    policy: constant({ lr: 0.001 }),
    batch: net.batch,
    tile: 'measure',
  });
  trainer.setData({ input: images(net), target: labels(net) });
  return {
    async run(steps) {
      await trainer.trainSteps(steps);
    },
    async host(steps) {
      const began = performance.now();
      const done = trainer.trainSteps(steps);
      const spent = performance.now() - began;
      await done;
      return (spent * 1000) / steps;
    },
    dispose: () => void trainer.dispose(),
  };
}
