/**
 * Writes the WGSL of every kernel that a network and its optimizer make, one file each.
 *
 *   node --import tsx scripts/dump.ts folder [network.json] [sgd|adam|adamW|rmsProp|adagrad]
 *
 * The network is `{ "input": […], "layers": […], "loss": "crossEntropy" }`; without a file it is a small convolutional one. The
 * kernels are compiled on a device, as in training (npm `webgpu`).
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { adagrad, adam, adamW, rmsProp, sgd } from '@clr/core';
import { create, globals } from 'webgpu';
import { createTrainer, network, requestDevice } from '../src/index.ts';

const [folder, path, optimizer = 'sgd'] = process.argv.slice(2);
const optimizers = { sgd, adam, adamW, rmsProp, adagrad };
if (!folder || !(optimizer in optimizers)) {
  console.error(
    'Usage: node --import tsx scripts/dump.ts folder [network.json] [sgd|adam|adamW|rmsProp|adagrad]',
  );
  process.exit(2);
}
const small = {
  input: [12, 12, 1],
  layers: [
    { type: 'conv2d', filters: 4, kernel: 3 },
    { type: 'relu' },
    { type: 'maxPool', size: 2 },
    { type: 'dense', units: 10 },
  ],
  loss: 'crossEntropy',
};
const net = network(path ? JSON.parse(readFileSync(path, 'utf8')) : small);
Object.assign(globalThis, globals);
const device = await requestDevice(create([]));
const make = device.createShaderModule.bind(device);
mkdirSync(folder, { recursive: true });
let count = 0;
device.createShaderModule = (descriptor) => {
  const name = (descriptor.label ?? 'kernel').replaceAll(/[^\w-]+/g, '-');
  writeFileSync(join(folder, `${String(count++).padStart(2, '0')}-${name}.wgsl`), descriptor.code);
  return make(descriptor);
};
const trainer = await createTrainer(device, net, {
  optimizer: optimizers[optimizer as keyof typeof optimizers](),
  batch: 8,
});
await trainer.dispose();
console.log(`${count} kernels in ${folder}`);
process.exit();
