import { mapRead, usage } from './flags.ts';

/** Copies a range of a buffer (with `COPY_SRC`) to the host, after everything submitted so far. */
export async function readBuffer(
  device: GPUDevice,
  buffer: GPUBuffer,
  offset: number,
  size: number,
): Promise<ArrayBuffer> {
  const target = device.createBuffer({
    label: 'clr readback',
    size,
    usage: usage.mapRead | usage.copyTarget,
  });
  try {
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(buffer, offset, target, 0, size);
    device.queue.submit([encoder.finish()]);
    await target.mapAsync(mapRead);
    return target.getMappedRange().slice(0);
  } finally {
    target.destroy();
  }
}
