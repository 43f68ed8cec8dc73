import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { download, upload } from '../../test/buffers.ts';
import { hasDevice } from '../../test/device.ts';
import { requestDevice } from './requestDevice.ts';

setFlagsFromString('--expose_gc');
const collect = runInNewContext('gc') as () => void;

/** A device, and a weak reference to its runtime. The test keeps no strong reference to the runtime. */
async function open(): Promise<{ device: GPUDevice; runtime: WeakRef<GPU> }> {
  const { create } = await import('webgpu');
  const gpu = create([]);
  return { device: await requestDevice(gpu), runtime: new WeakRef(gpu) };
}

describe.skipIf(!hasDevice)('requestDevice in Node', () => {
  it('keeps the runtime for as long as the device lives', async () => {
    const { device, runtime } = await open();
    for (let turn = 0; turn < 10; turn++) {
      await new Promise((done) => setTimeout(done, 10));
      collect();
    }
    expect(runtime.deref()).toBeDefined();
    const buffer = upload(device, [1, 2, 3]);
    expect(await download(device, buffer)).toEqual(Float32Array.of(1, 2, 3));
    device.destroy();
  });
});
