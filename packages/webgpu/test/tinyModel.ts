import { ClrError, constant, type Optimizer, sgd } from '@clr/core';
import { createOptimizer, type GpuOptimizer } from '../src/optimizer/createOptimizer.ts';
import type { OptimizerOptions } from '../src/optimizer/engine.ts';
import { createTrainable, type GpuTrainable } from '../src/train/createTrainable.ts';
import { upload } from './buffers.ts';

/** A batch: the weights at which the loss is 0. */
export type Goal = readonly number[];

/** loss = ½ Σ aᵢ (wᵢ − cᵢ)², with a = 1, 2, 3, …: a model in one kernel, as a user would write it. */
const kernel = `@group(0) @binding(0) var<storage, read> w: array<f32>;
@group(0) @binding(1) var<storage, read> c: array<f32>;
@group(0) @binding(2) var<storage, read_write> g: array<f32>;
@group(0) @binding(3) var<storage, read_write> loss: array<f32>;
@compute @workgroup_size(1) fn main() {
  var sum = 0.0;
  for (var i = 0u; i < arrayLength(&w); i++) {
    g[i] = f32(i + 1u) * (w[i] - c[i]);
    sum += 0.5 * g[i] * (w[i] - c[i]);
  }
  loss[0] = sum;
}`;

export interface TinyModel {
  readonly trainable: GpuTrainable<Goal>;
  readonly optimizer: GpuOptimizer;
  readonly value: GPUBuffer;
  readonly gradient: GPUBuffer;
  readonly loss: GPUBuffer;
  /** Frees the model's own buffers. */
  free(): void;
}

export const start: readonly number[] = [1, -2, 0.5, 4];

/** The model, ready to train. */
export function tinyModel(
  device: GPUDevice,
  spec: Optimizer = sgd({ momentum: 0.9 }),
  options: OptimizerOptions = {},
): TinyModel {
  const [value, goal, gradient, loss] = [start, start, start, [0]].map((data) => upload(device, data)) as [
    GPUBuffer,
    GPUBuffer,
    GPUBuffer,
    GPUBuffer,
  ];
  const pipeline = device.createComputePipeline({
    layout: 'auto',
    compute: { module: device.createShaderModule({ code: kernel }) },
  });
  const bindings = device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: [value, goal, gradient, loss].map((buffer, binding) => ({ binding, resource: { buffer } })),
  });
  const parameters = [{ value, gradient, length: start.length }];
  const optimizer = createOptimizer(device, spec, parameters, constant({ lr: 0.01 }), options);
  const trainable = createTrainable<Goal>(device, {
    optimizer,
    loss,
    encodeGradients(encoder, batch) {
      if (batch.length !== start.length) {
        throw new ClrError('test', {
          expected: `a goal of ${start.length} numbers`,
          received: `${batch.length}`,
          advice: 'Give as many as there are weights.',
        });
      }
      device.queue.writeBuffer(goal, 0, Float32Array.from(batch));
      const pass = encoder.beginComputePass();
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, bindings);
      pass.dispatchWorkgroups(1);
      pass.end();
    },
  });
  const free = (): void => {
    for (const buffer of [value, goal, gradient, loss]) buffer.destroy();
  };
  return { trainable, optimizer, value, gradient, loss, free };
}

/** Four batches. */
export const goals: readonly Goal[] = [
  [0, 0, 0, 0],
  [1, 0, -1, 2],
  [0.5, 0.5, 0.5, 0.5],
  [-1, 1, 0, 1],
];
