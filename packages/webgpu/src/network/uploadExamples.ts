import { isBytes } from '../device/arrayKind.ts';
import { usage } from '../device/flags.ts';
import { GpuError } from '../errors.ts';
import type { Examples } from './compile/gather.ts';
import { checkExamples, padded, targetArray } from './exampleData.ts';
import type { Network } from './network.ts';
import type { Batch } from './trainer.ts';

/** Checks examples and copies them into device memory. */
export function uploadExamples(device: GPUDevice, network: Network, { input, target }: Batch): Examples {
  const count = checkExamples(network, { input, target });
  return {
    input: upload(device, 'clr examples', input),
    bytes: isBytes(input),
    target: upload(device, 'clr example targets', targetArray(network, target)),
    count,
  };
}

function upload(device: GPUDevice, label: string, data: Float32Array | Uint8Array | Uint32Array): GPUBuffer {
  const bytes = padded(data);
  const limit = device.limits.maxStorageBufferBindingSize;
  if (bytes.byteLength > limit) {
    throw new GpuError('limit', {
      expected: `examples of at most ${limit} bytes (maxStorageBufferBindingSize)`,
      received: `${bytes.byteLength} bytes`,
      advice:
        'Pass bytes (Uint8Array) instead of floats, fewer examples, or ask the device for a higher limit.',
    });
  }
  const buffer = device.createBuffer({
    label,
    size: bytes.byteLength,
    usage: usage.storage | usage.copyTarget,
  });
  device.queue.writeBuffer(buffer, 0, bytes);
  return buffer;
}
