import { checkOptionNames } from '@clr/core';
import { badArgument } from '../errors.ts';
import { optimizerOptions } from '../optimizer/engine.ts';
import { DeviceTrainer, type DeviceTrainerOptions } from './deviceTrainer.ts';
import type { Network } from './network.ts';
import type { GpuTrainer, TrainerOptions } from './trainer.ts';

const trainerOptions = ['optimizer', 'policy', 'batch', 'seed', 'tile', ...optimizerOptions] as const;

/**
 * Makes a trainer: a `network()` with its optimizer on a device, ready for `train`, `rangeTest` and
 * `autoClr` of `@clr/core`, with `trainSteps` to submit many steps at once.
 *
 * Initial weights and biases are drawn from `seed`, and are uniform in ±1/√fanIn (PyTorch's default). Scales start at
 * 1, and shifts at 0. Every batch has `batch` examples. It may have fewer in evaluation, and also in training if the
 * network has no batch normalization.
 *
 * @throws {GpuError} `argument` for bad options; `limit`, `out-of-memory` or `validation` if the device refuses
 *
 * @example
 * ```ts
 * const trainer = await createTrainer(device, lenet, { optimizer: adam(), policy, batch: 64 });
 * trainer.setData({ input: images, target: labels });
 * const { losses } = await trainer.trainSteps(100);
 * losses.length; // 100
 * ```
 */
export async function createTrainer(
  device: GPUDevice,
  network: Network,
  options: TrainerOptions,
): Promise<GpuTrainer> {
  checkOptionNames('clr/webgpu', 'createTrainer', options, trainerOptions);
  const { batch, seed = 0, tile = 4 } = options;
  if (!Number.isSafeInteger(batch) || batch < 1) {
    throw badArgument(
      'batch to be a positive integer',
      `batch = ${String(batch)}`,
      'Give the number of examples per step.',
    );
  }
  if (!Number.isSafeInteger(seed) || seed < -(2 ** 31) || seed >= 2 ** 32) {
    throw badArgument('seed to be an integer of 32 bits', `seed = ${String(seed)}`, 'Leave it out for 0.');
  }
  if (tile !== 4 && tile !== 8 && tile !== 'measure') {
    throw badArgument("tile to be 4, 8 or 'measure'", `tile = ${String(tile)}`, 'Leave it out for 4.');
  }
  if (!Array.isArray(network?.parameters)) {
    throw badArgument('a network', String(network), 'Make it with network({ input, layers, loss }).');
  }
  const known = { ...options, seed };
  if (tile !== 'measure') return open(device, network, { ...known, tile });
  const [four, eight] = [
    await open(device, network, { ...known, tile: 4 }),
    await open(device, network, { ...known, tile: 8 }),
  ];
  const [chosen, other] = (await four.time()) <= (await eight.time()) ? [four, eight] : [eight, four];
  other.dispose();
  return chosen;
}

async function open(
  device: GPUDevice,
  network: Network,
  options: DeviceTrainerOptions,
): Promise<DeviceTrainer> {
  const trainer = new DeviceTrainer(device, network, options);
  const fault = await trainer.settled();
  if (fault) {
    trainer.dispose();
    throw fault;
  }
  return trainer;
}
