import { usage } from '../src/device/flags.ts';
import { readBuffer } from '../src/device/readBuffer.ts';

const flags = usage.storage | usage.copySource | usage.copyTarget;

/** A storage buffer with these numbers. */
export function upload(device: GPUDevice, numbers: ArrayLike<number>): GPUBuffer {
  const data = Float32Array.from(numbers);
  const buffer = device.createBuffer({ size: data.byteLength, usage: flags });
  device.queue.writeBuffer(buffer, 0, data);
  return buffer;
}

/** The numbers in a buffer. */
export async function download(
  device: GPUDevice,
  buffer: GPUBuffer,
  offset = 0,
  length: number = buffer.size / 4 - offset,
): Promise<Float32Array> {
  return new Float32Array(await readBuffer(device, buffer, offset * 4, length * 4));
}

/** Submits the commands that a callback encodes. */
export function submit(device: GPUDevice, encode: (encoder: GPUCommandEncoder) => void): void {
  const encoder = device.createCommandEncoder();
  encode(encoder);
  device.queue.submit([encoder.finish()]);
}
