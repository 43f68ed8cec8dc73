import { checkOptionNames, type Optimizer, type ScheduleLike } from '@clr/core';
import { badArgument } from '../errors.ts';
import {
  type OptimizerCounters,
  OptimizerEngine,
  type OptimizerOptions,
  optimizerOptions,
} from './engine.ts';
import type { Parameter } from './parameter.ts';

/** An optimizer that lives on the device; see {@link createOptimizer}. */
export interface GpuOptimizer {
  /** The policy's step that the next {@link encode} executes. */
  readonly step: number;
  /** The number of dispatches that update the weights in one step: 1 unless binding limits require more. */
  readonly dispatches: number;
  /**
   * The buffer with the counters on the device, for kernels that depend on them, such as a dropout seed or a loss
   * scale. It holds `step` at byte 0, `updates` at byte 4 and `skipped` at byte 8, each as `u32`, and `lossScale` at
   * byte 12 as `f32`. Bind it read-only.
   */
  readonly state: GPUBuffer;
  /** Encodes one step over all parameters. Encoders must be submitted in the order in which they were encoded. */
  encode(encoder: GPUCommandEncoder): void;
  /** Makes `step` the policy's step that is encoded next. The slots and the update count stay. */
  seek(step: number): void;
  /** Reads the device's counters, after everything submitted so far. */
  counters(): Promise<OptimizerCounters>;
  /** Frees the optimizer's own buffers; parameters stay. Submit what was encoded first. */
  dispose(): void;
}

const engines = new WeakMap<object, OptimizerEngine>();

/**
 * Makes an optimizer whose learning rate, momentum and step counter live on the device. Any number of steps can be
 * encoded and submitted without a write by the host between them.
 *
 * The arithmetic is PyTorch's, in float32, as each factory of `@clr/core` documents it. The rate of a step is
 * `Math.fround(schedule.lr(step))`, read from a table. An encoder that needs further rows copies them in. A step that
 * is skipped because of a bad gradient advances the policy's step, but not Adam's update count.
 *
 * **One dispatch** updates all parameters if they share buffers (offsets tell them apart), or if their buffers fit
 * into the device's bindings. Otherwise there are as few dispatches as the bindings allow (see `dispatches`).
 *
 * @param parameters - weights and gradients as `array<f32>` in storage buffers, updated in place
 * @param schedule - a policy, a schedule, or a function from step to rate, used by {@link GpuOptimizer.encode}. Not
 * needed if `trainStep` of a Trainable passes the rate
 * @throws {GpuError} `argument` for a buffer that is too small or lacks `STORAGE`, for overlapping weights, and for
 *   bad options
 *
 * @example
 * ```ts
 * const optimizer = createOptimizer(device, adam(), [{ value, gradient, length: 256 }], policy);
 * const encoder = device.createCommandEncoder();
 * for (let i = 0; i < 100; i++) {
 *   encodeMyGradients(encoder);
 *   optimizer.encode(encoder);
 * }
 * device.queue.submit([encoder.finish()]);
 * (await optimizer.counters()).updates; // 100
 * ```
 */
export function createOptimizer(
  device: GPUDevice,
  spec: Optimizer,
  parameters: readonly Parameter[],
  schedule?: ScheduleLike,
  options: OptimizerOptions = {},
): GpuOptimizer {
  checkOptionNames('clr/webgpu', 'createOptimizer', options, optimizerOptions);
  const engine = new OptimizerEngine(device, spec, parameters, schedule, options);
  const optimizer: GpuOptimizer = {
    get step() {
      return engine.step;
    },
    dispatches: engine.dispatches,
    state: engine.state,
    encode: (encoder) => engine.encode(encoder),
    seek: (step) => engine.seek(step),
    counters: () => engine.counters(),
    dispose: () => engine.dispose(),
  };
  engines.set(optimizer, engine);
  return optimizer;
}

/** The engine of an optimizer that {@link createOptimizer} made. */
export function engineOf(optimizer: GpuOptimizer): OptimizerEngine {
  const engine = engines.get(optimizer);
  if (!engine) {
    throw badArgument(
      'an optimizer made by createOptimizer()',
      'another object',
      'Make it with createOptimizer(device, spec, parameters, policy).',
    );
  }
  return engine;
}
