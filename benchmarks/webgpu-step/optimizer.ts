import { adam } from '@clr/core';
import { createOptimizer } from '@clr/webgpu';

/** What {@link optimizerBandwidth} measured, in bytes per second. */
export interface Bandwidth {
  readonly copy: number;
  readonly adam: number;
}

const weights = 10_000_000;

/**
 * Adam over ten million weights in shared buffers beside the device's own copy. A copy moves 8 bytes a
 * number (read, write), Adam 28 (weight, gradient, two slots; three of them written). Best of a few.
 */
export async function optimizerBandwidth(device: GPUDevice, repeats: number): Promise<Bandwidth> {
  const [value, gradient] = [0, 1].map(() =>
    device.createBuffer({ size: weights * 4, usage: 0x80 | 4 | 8 }),
  ) as [GPUBuffer, GPUBuffer];
  const optimizer = createOptimizer(device, adam(), [{ value, gradient, length: weights }], () => 1e-3);
  const best = async (encode: (encoder: GPUCommandEncoder) => void): Promise<number> => {
    let least = Number.POSITIVE_INFINITY;
    for (let repeat = 0; repeat < repeats; repeat++) {
      const encoder = device.createCommandEncoder();
      encode(encoder);
      const began = performance.now();
      device.queue.submit([encoder.finish()]);
      await device.queue.onSubmittedWorkDone();
      least = Math.min(least, performance.now() - began);
    }
    return least / 1000;
  };
  const adamSeconds = await best((encoder) => optimizer.encode(encoder));
  const copySeconds = await best((encoder) => encoder.copyBufferToBuffer(gradient, 0, value, 0, weights * 4));
  optimizer.dispose();
  for (const buffer of [value, gradient]) buffer.destroy();
  return { copy: (weights * 8) / copySeconds, adam: (weights * 28) / adamSeconds };
}
