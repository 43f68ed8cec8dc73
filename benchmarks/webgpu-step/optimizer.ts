import { adam } from '@clr/core';
import { createOptimizer } from '@clr/webgpu';

/** The results of {@link optimizerBandwidth} in bytes per second. */
export interface Bandwidth {
  /** The speed of `copyBufferToBuffer`. */
  readonly copy: number;
  /** The speed of the same copy by a kernel, four numbers per thread. It shows the limit of a shader on this device. */
  readonly shader: number;
  readonly adam: number;
}

const copyKernel = `@group(0) @binding(0) var<storage, read> source: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> result: array<vec4f>;
@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < arrayLength(&result)) { result[id.x] = source[id.x]; }
}`;

const weights = 10_000_000;

/**
 * Compares Adam over ten million weights in shared buffers with the device's own copy and a copy by a kernel, in turns.
 * A copy moves 8 bytes per number (one read, one write). Adam moves 28 bytes per number. It reads the weight, the
 * gradient and two slots, and writes all of these but the gradient. The best of several runs counts.
 */
export async function optimizerBandwidth(device: GPUDevice, repeats: number): Promise<Bandwidth> {
  const [value, gradient] = [0, 1].map(() =>
    device.createBuffer({ size: weights * 4, usage: 0x80 | 4 | 8 }),
  ) as [GPUBuffer, GPUBuffer];
  const optimizer = createOptimizer(device, adam(), [{ value, gradient, length: weights }], () => 1e-3);
  const module = device.createShaderModule({ code: copyKernel });
  const pipeline = device.createComputePipeline({ layout: 'auto', compute: { module } });
  const bindings = device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: [gradient, value].map((buffer, binding) => ({ binding, resource: { buffer } })),
  });
  const contestants: Record<keyof Bandwidth, (encoder: GPUCommandEncoder) => void> = {
    copy: (encoder) => encoder.copyBufferToBuffer(gradient, 0, value, 0, weights * 4),
    shader: (encoder) => {
      const pass = encoder.beginComputePass();
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, bindings);
      pass.dispatchWorkgroups(Math.ceil(weights / 4 / 256));
      pass.end();
    },
    adam: (encoder) => optimizer.encode(encoder),
  };
  const best = { copy: 0, shader: 0, adam: 0 };
  for (let repeat = 0; repeat < repeats; repeat++) {
    for (const name of ['copy', 'shader', 'adam'] as const) {
      const encoder = device.createCommandEncoder();
      contestants[name](encoder);
      const began = performance.now();
      device.queue.submit([encoder.finish()]);
      await device.queue.onSubmittedWorkDone();
      const seconds = (performance.now() - began) / 1000;
      best[name] = Math.max(best[name], (weights * (name === 'adam' ? 28 : 8)) / seconds);
    }
  }
  optimizer.dispose();
  for (const buffer of [value, gradient]) buffer.destroy();
  return best;
}
