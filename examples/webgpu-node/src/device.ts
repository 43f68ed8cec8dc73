import { requestDevice } from '@clr/webgpu';
import { create, globals } from 'webgpu';

// Dawn lives as long as this object does
let gpu: GPU | undefined;

/** A GPU device in Node, by npm `webgpu` (Dawn). Needs a Vulkan, Metal or D3D12 driver. */
export async function openDevice(): Promise<GPUDevice> {
  Object.assign(globalThis, globals);
  gpu ??= create([]);
  return requestDevice(gpu);
}
