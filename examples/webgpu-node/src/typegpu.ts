import { adam, train, triangular } from '@clr/core';
import { createOptimizer, createTrainable } from '@clr/webgpu';
import tgpu, { d } from 'typegpu';

const points = 64;

/** y ≈ w₀ + w₁ x + w₂ x²: gradients and loss over all points. One thread per weight is enough. */
const code = /* wgsl */ `
@group(0) @binding(0) var<storage, read> data: array<vec2f>;
@group(0) @binding(1) var<storage, read> weights: array<f32>;
@group(0) @binding(2) var<storage, read_write> gradients: array<f32>;
@group(0) @binding(3) var<storage, read_write> loss: f32;

@compute @workgroup_size(3) fn main(@builtin(local_invocation_index) k: u32) {
  var gradient = 0.0;
  var total = 0.0;
  let count = arrayLength(&data);
  for (var i = 0u; i < count; i++) {
    let x = data[i].x;
    let powers = array<f32, 3>(1.0, x, x * x);
    let error = weights[0] + weights[1] * x + weights[2] * x * x - data[i].y;
    gradient += 2.0 * error * powers[k] / f32(count);
    total += error * error / f32(count);
  }
  gradients[k] = gradient;
  if (k == 0u) { loss = total; }
}`;

/** Fits a parabola whose weights are in TypeGPU's typed buffers. clr uses the GPU buffers inside them. */
export async function fitParabola(device: GPUDevice): Promise<{ weights: number[]; loss: number }> {
  const root = tgpu.initFromDevice({ device });
  const Points = d.arrayOf(d.vec2f, points);
  const Weights = d.arrayOf(d.f32, 3);
  const data = root
    .createBuffer(
      Points,
      Array.from({ length: points }, (_, index) => {
        const x = (2 * index) / (points - 1) - 1;
        return d.vec2f(x, 0.5 - 2 * x + 3 * x * x);
      }),
    )
    .$usage('storage');
  const weights = root.createBuffer(Weights, [0, 0, 0]).$usage('storage');
  const gradients = root.createBuffer(Weights).$usage('storage');
  const loss = root.createBuffer(d.f32).$usage('storage');
  const [value, gradient] = [root.unwrap(weights), root.unwrap(gradients)];

  const pipeline = device.createComputePipeline({
    layout: 'auto',
    compute: { module: device.createShaderModule({ code }) },
  });
  const bindings = device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: [root.unwrap(data), value, gradient, root.unwrap(loss)].map((buffer, binding) => ({
      binding,
      resource: { buffer },
    })),
  });

  const policy = triangular({ baseLr: 0.01, maxLr: 0.2, stepSize: 50 });
  const trainable = createTrainable<null>(device, {
    optimizer: createOptimizer(device, adam(), [{ value, gradient, length: 3 }], policy),
    loss: root.unwrap(loss),
    encodeGradients(encoder) {
      const pass = encoder.beginComputePass();
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, bindings);
      pass.dispatchWorkgroups(1);
      pass.end();
    },
  });
  const run = await train(trainable, [null], { policy, steps: 400 });
  const fitted = await weights.read();
  await trainable.dispose();
  root.destroy();
  return { weights: fitted, loss: run.steps.at(-1)?.loss ?? Number.NaN };
}
