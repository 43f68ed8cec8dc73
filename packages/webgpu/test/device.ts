import { inject } from 'vitest';
import { requestDevice } from '../src/device/requestDevice.ts';
import { GpuError } from '../src/errors.ts';

/** Dawn's instance in Node. Dawn needs one instance that lives as long as the process. */
let nodeGpu: GPU | undefined;

/** The runtime's WebGPU: the browser's, or Dawn in Node. */
export async function openGpu(): Promise<GPU | undefined> {
  if (typeof process === 'undefined' || !process.versions?.node) return navigator.gpu;
  if (!nodeGpu) {
    const dawn = 'webgpu';
    const { create, globals } = (await import(/* @vite-ignore */ dawn)) as typeof import('webgpu');
    Object.assign(globalThis, globals);
    nodeGpu = create([]);
  }
  return nodeGpu;
}

/** Returns a device for tests. If there is none, returns `undefined`, or throws if `CLR_REQUIRE` demands a device. */
export async function tryDevice(): Promise<GPUDevice | undefined> {
  try {
    return await requestDevice(await openGpu());
  } catch (error) {
    if (!(error instanceof GpuError) || inject('required').split(',').includes('webgpu')) throw error;
    console.warn(`\n*** SKIPPED, for want of webgpu: ${error.message} ***\n`);
    return undefined;
  }
}

/** True if the runtime has a device. Evaluated once, at the top of a test file. */
export const hasDevice: boolean = await tryDevice().then((device) => {
  device?.destroy();
  return device !== undefined;
});

/** A device; throws if there is none. */
export async function openDevice(): Promise<GPUDevice> {
  const device = await tryDevice();
  if (!device) throw new Error('Guard this test with describe.skipIf(!hasDevice).');
  return device;
}
