const perDevice = new WeakMap<GPUDevice, Map<string, GPUComputePipeline>>();

/** Returns the compute pipeline of WGSL code with the entry point `main`. It is made once per device and code. */
export function pipelineOf(device: GPUDevice, label: string, code: string): GPUComputePipeline {
  let pipelines = perDevice.get(device);
  if (!pipelines) {
    pipelines = new Map();
    perDevice.set(device, pipelines);
  }
  let pipeline = pipelines.get(code);
  if (!pipeline) {
    const module = device.createShaderModule({ label, code });
    pipeline = device.createComputePipeline({
      label,
      layout: 'auto',
      compute: { module, entryPoint: 'main' },
    });
    pipelines.set(code, pipeline);
  }
  return pipeline;
}

/** One dispatch, ready to be encoded. */
export interface Dispatch {
  readonly pipeline: GPUComputePipeline;
  readonly bindings: GPUBindGroup;
  readonly workgroups: readonly [x: number, y: number];
}

/** Makes a dispatch; `resources[i]` is `@group(0) @binding(i)`. */
export function dispatchOf(
  device: GPUDevice,
  label: string,
  code: string,
  resources: readonly (GPUBuffer | GPUBufferBinding)[],
  workgroups: number,
): Dispatch {
  const pipeline = pipelineOf(device, label, code);
  const bindings = device.createBindGroup({
    label,
    layout: pipeline.getBindGroupLayout(0),
    entries: resources.map((resource, binding) => ({
      binding,
      resource: 'buffer' in resource ? resource : { buffer: resource },
    })),
  });
  return { pipeline, bindings, workgroups: spread(device, workgroups) };
}

/** Encodes a dispatch into a pass. */
export function encodeDispatch(pass: GPUComputePassEncoder, dispatch: Dispatch): void {
  pass.setPipeline(dispatch.pipeline);
  pass.setBindGroup(0, dispatch.bindings);
  pass.dispatchWorkgroups(dispatch.workgroups[0], dispatch.workgroups[1]);
}

/**
 * Spreads a number of workgroups over two dimensions. Kernels compute the workgroup's index as
 * `y · num_workgroups.x + x`, and stop past the end.
 */
function spread(device: GPUDevice, workgroups: number): readonly [number, number] {
  const most = device.limits.maxComputeWorkgroupsPerDimension;
  return workgroups <= most ? [workgroups, 1] : [most, Math.ceil(workgroups / most)];
}
