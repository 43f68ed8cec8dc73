import { requestDevice } from '@clr/webgpu';
import { create, globals } from 'webgpu';

// Keep a reference, because Dawn lives only as long as this object.
let gpu: GPU | undefined;

/** A GPU device in Node, from the npm package `webgpu` (Dawn). Needs a Vulkan, Metal or D3D12 driver. */
export async function openDevice(): Promise<GPUDevice> {
  Object.assign(globalThis, globals);
  gpu ??= create([]);
  return requestDevice(gpu);
}
