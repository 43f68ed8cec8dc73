import { checkOptionNames } from '@clr/core';
import { GpuError } from '../errors.ts';

/** Options of {@link requestDevice}. */
export interface RequestDeviceOptions {
  /** As in WebGPU. */
  readonly powerPreference?: GPUPowerPreference;
  /** Minimum limits. An adapter that offers less is refused with a typed error. */
  readonly atLeast?: Readonly<Record<string, number>>;
  /** Required features, such as `'timestamp-query'`. */
  readonly features?: readonly GPUFeatureName[];
}

/** Limits that make training easier. They are requested as high as the adapter allows. */
const useful = ['maxBufferSize', 'maxStorageBufferBindingSize', 'maxStorageBuffersPerShaderStage'] as const;

/**
 * The GPU object of each device. In Node it owns Dawn's runtime: if it were garbage-collected, the device would die
 * with it.
 */
const sources = new WeakMap<GPUDevice, GPU>();

/**
 * Requests a device with the adapter's highest buffer sizes and numbers of bindings per stage, which help training.
 *
 * It keeps `gpu` for as long as the device lives, which Node's bindings need.
 *
 * This package works with any `GPUDevice`, so this function is only a convenience.
 *
 * @param gpu - `navigator.gpu`, or the result of `create([])` of npm `webgpu`
 * @throws {GpuError} `no-adapter` if there is none, `limit` if the adapter offers too little
 *
 * @example
 * ```ts
 * const device = await requestDevice(navigator.gpu);
 * device.limits.maxStorageBuffersPerShaderStage >= 8; // true
 * ```
 */
export async function requestDevice(
  gpu: GPU | undefined,
  options: RequestDeviceOptions = {},
): Promise<GPUDevice> {
  checkOptionNames('clr/webgpu', 'requestDevice', options, ['powerPreference', 'atLeast', 'features']);
  const adapter = await gpu?.requestAdapter(
    options.powerPreference ? { powerPreference: options.powerPreference } : {},
  );
  if (!adapter) {
    throw new GpuError('no-adapter', {
      expected: 'a WebGPU adapter',
      received: gpu ? 'requestAdapter() gave null' : 'no GPU object (navigator.gpu is undefined)',
      advice:
        'Use a browser with WebGPU over https or localhost; in Node, npm `webgpu` with a Vulkan, Metal or D3D12 driver.',
    });
  }
  const requiredLimits: Record<string, number> = {};
  for (const name of useful) requiredLimits[name] = adapter.limits[name];
  for (const [name, least] of Object.entries(options.atLeast ?? {})) {
    const offered = (adapter.limits as unknown as Record<string, number | undefined>)[name] ?? 0;
    if (offered < least) {
      throw new GpuError('limit', {
        expected: `an adapter with ${name} of at least ${least}`,
        received: `${name} = ${offered} (${adapter.info.description || adapter.info.vendor || 'unnamed adapter'})`,
        advice: 'Ask for less, or use another adapter.',
      });
    }
    requiredLimits[name] = Math.max(requiredLimits[name] ?? 0, least);
  }
  for (const feature of options.features ?? []) {
    if (!adapter.features.has(feature)) {
      throw new GpuError('limit', {
        expected: `an adapter with the feature "${feature}"`,
        received: `features: ${[...adapter.features].join(', ')}`,
        advice: 'Leave the feature out, or use another adapter.',
      });
    }
  }
  const device = await adapter.requestDevice({
    requiredLimits,
    requiredFeatures: [...(options.features ?? [])],
  });
  if (gpu) sources.set(device, gpu);
  return device;
}
