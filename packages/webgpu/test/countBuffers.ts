/** Counts a device's live buffers from now on, until `stop`. */
export function countBuffers(device: GPUDevice): { readonly live: () => number; readonly stop: () => void } {
  const { createBuffer } = device;
  let live = 0;
  device.createBuffer = (descriptor) => {
    const buffer = createBuffer.call(device, descriptor);
    const destroy = buffer.destroy.bind(buffer);
    let alive = true;
    live += 1;
    buffer.destroy = () => {
      if (alive) live -= 1;
      alive = false;
      return destroy();
    };
    return buffer;
  };
  const stop = (): void => {
    device.createBuffer = createBuffer;
  };
  return { live: () => live, stop };
}
