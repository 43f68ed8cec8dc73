import { ClrError, type Problem } from '@clr/core';

/**
 * The kind of failure, for code that reacts to it.
 *
 * - `no-adapter`: there is no WebGPU here, or no adapter for it
 * - `limit`: the device's limits are too small for what was asked
 * - `argument`: a buffer, number or shape that cannot be used; nothing was changed
 * - `device-lost`: the device is gone; make a new device and restore the last snapshot on it
 * - `out-of-memory`: the device had no memory for a buffer
 * - `buffer-destroyed`: a buffer was destroyed during training
 * - `validation`: WebGPU refused commands; the step was not executed
 * - `uncaptured`: other code on the same device caused an error that no error scope caught
 * - `disposed`: used after `dispose()`
 */
export type GpuFault =
  | 'no-adapter'
  | 'limit'
  | 'argument'
  | 'device-lost'
  | 'out-of-memory'
  | 'buffer-destroyed'
  | 'validation'
  | 'uncaptured'
  | 'disposed';

/**
 * What `@clr/webgpu` throws and rejects with.
 *
 * @example
 * ```ts
 * try {
 *   await requestDevice(undefined);
 * } catch (error) {
 *   error instanceof GpuError; // true
 *   error.fault; // 'no-adapter'
 * }
 * ```
 */
export class GpuError extends ClrError {
  /** Always `'GpuError'`. */
  override readonly name: string = 'GpuError';
  /** The kind of failure. */
  readonly fault: GpuFault;

  constructor(fault: GpuFault, problem: Problem, options?: ErrorOptions) {
    super('clr/webgpu', problem, options);
    this.fault = fault;
  }
}

/** The error for an argument that cannot be used. */
export function badArgument(expected: string, received: string, advice: string): GpuError {
  return new GpuError('argument', { expected, received, advice });
}

/** The error after the device is gone. */
export function deviceLost(info: { readonly reason?: string; readonly message: string }): GpuError {
  return new GpuError('device-lost', {
    expected: 'the GPU device to exist',
    received: `the device was lost (${info.reason ?? 'unknown'}): ${info.message}`,
    advice:
      'Ask for a new device, make the optimizer and the trainable again on it, and restore the last snapshot: it lives in host memory and gives the same bits.',
  });
}

/** Converts a `GPUError` of the device. */
export function fromGpuError(error: GPUError, during: string): GpuError {
  const message = error.message.trim();
  if (typeof GPUOutOfMemoryError !== 'undefined' && error instanceof GPUOutOfMemoryError) {
    return outOfMemory(during, message);
  }
  if (/destroyed/i.test(message)) {
    return new GpuError('buffer-destroyed', {
      expected: `every buffer to be alive during ${during}`,
      received: message,
      advice:
        'Keep values, gradients and the loss alive until dispose(). The step was not executed; make the buffer again and restore the last snapshot.',
    });
  }
  return new GpuError('validation', {
    expected: `the device to accept ${during}`,
    received: message,
    advice: 'The commands were not executed. Fix the cause, then restore the last snapshot.',
  });
}

/** The error when the device has no memory left. */
export function outOfMemory(during: string, message: string): GpuError {
  return new GpuError('out-of-memory', {
    expected: `the device to have memory for ${during}`,
    received: message || 'out of memory',
    advice: 'Use smaller batches or an optimizer with fewer slots, or free other buffers first.',
  });
}
