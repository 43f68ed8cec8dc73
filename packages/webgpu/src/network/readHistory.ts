import { readBuffer } from '../device/readBuffer.ts';
import { historyLength } from './compile/loss.ts';

/**
 * Reads the (loss, accuracy) pairs of `count` steps from the device's ring buffer. The first of these steps has the
 * tick `first`, its number among all steps executed on the device.
 */
export async function readHistory(
  device: GPUDevice,
  history: GPUBuffer,
  first: number,
  count: number,
): Promise<Float32Array> {
  const start = first % historyLength;
  const head = Math.min(count, historyLength - start);
  const parts = [readBuffer(device, history, start * 8, head * 8)];
  if (count > head) parts.push(readBuffer(device, history, 0, (count - head) * 8));
  const numbers = new Float32Array(count * 2);
  const [front, back] = await Promise.all(parts);
  numbers.set(new Float32Array(front as ArrayBuffer));
  if (back) numbers.set(new Float32Array(back), head * 2);
  return numbers;
}
