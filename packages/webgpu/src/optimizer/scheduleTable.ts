import { checkHyperparameters, type Hyperparameters, type Schedule, type ScheduleState } from '@clr/core';
import { usage } from '../device/flags.ts';
import { badArgument } from '../errors.ts';
import type { Rule } from './rules/rule.ts';

/** Bytes of one row: lr, momentum, 1 − momentum, ln(momentum). */
export const rowSize = 16;

/**
 * The rates and momenta of consecutive steps in device memory. Step `s` is in row `s mod steps`.
 *
 * The table holds one aligned range of steps at a time. The encoder that first needs the next range copies it in, so
 * the order is right, however many steps are encoded before the first is submitted.
 */
export class ScheduleTable {
  readonly buffer: GPUBuffer;
  readonly #device: GPUDevice;
  readonly #schedule: Schedule | undefined;
  readonly #rule: Rule;
  readonly #steps: number;
  /** The table holds the steps from `#from` up to `#until`. */
  #from = 0;
  #until = 0;

  constructor(device: GPUDevice, schedule: Schedule | undefined, rule: Rule, steps: number) {
    this.#device = device;
    this.#schedule = schedule;
    this.#rule = rule;
    this.#steps = steps;
    this.buffer = device.createBuffer({
      label: 'clr schedule table',
      size: steps * rowSize,
      usage: usage.storage | usage.copyTarget | usage.copySource,
    });
  }

  /** True if a step's row is in the table. */
  covers(step: number): boolean {
    return step >= this.#from && step < this.#until;
  }

  /** The number of steps from `step` on that are in the table. */
  ahead(step: number): number {
    return this.covers(step) ? this.#until - step : 0;
  }

  /** Marks the table as stale: the next step uploads its rows again. */
  forget(): void {
    this.#until = this.#from;
  }

  /**
   * Encodes the upload of the rows around a step. The staging buffer it returns may be destroyed after the commands
   * were executed.
   *
   * @throws the error of a custom schedule at `step` itself; an error at a later step is thrown when that step comes
   */
  encodeUpload(encoder: GPUCommandEncoder, step: number): GPUBuffer {
    const rows = this.#load(step, this.#scheduled(step));
    const staging = this.#device.createBuffer({
      label: 'clr schedule table, staging',
      size: this.#steps * rowSize,
      usage: usage.copySource,
      mappedAtCreation: true,
    });
    new Float32Array(staging.getMappedRange()).set(rows);
    staging.unmap();
    encoder.copyBufferToBuffer(staging, 0, this.buffer, 0, this.#steps * rowSize);
    return staging;
  }

  /** Writes the caller's rate into a step's row, in queue order. */
  write(step: number, hyper: Hyperparameters): void {
    const row = new Float32Array(4);
    this.#writeRow(row, 0, hyper);
    this.#device.queue.writeBuffer(this.buffer, (step % this.#steps) * rowSize, row);
  }

  dispose(): void {
    this.buffer.destroy();
  }

  /** The rows of the aligned part of the table that holds a step, from that step on. */
  #load(step: number, schedule: Schedule): Float32Array<ArrayBuffer> {
    const from = Math.floor(step / this.#steps) * this.#steps;
    const rows = new Float32Array(this.#steps * 4);
    this.#until = this.#fill(rows, from, step, schedule);
    this.#from = step;
    return rows;
  }

  #fill(rows: Float32Array, from: number, step: number, schedule: Schedule): number {
    for (let index = step - from; index < this.#steps; index++) {
      try {
        this.#writeRow(rows, index, schedule.at(from + index));
      } catch (error) {
        if (from + index === step) throw error;
        return from + index;
      }
    }
    return from + this.#steps;
  }

  #scheduled(step: number): Schedule {
    if (this.#schedule) return this.#schedule;
    throw badArgument(
      `a policy that gives the rate of step ${step}`,
      'an optimizer without a policy',
      'Give createOptimizer a policy, or train by trainStep(batch, { lr }), which takes its rate as an argument.',
    );
  }

  #writeRow(
    rows: Float32Array,
    index: number,
    { lr, momentum }: Pick<ScheduleState, 'lr' | 'momentum'>,
  ): void {
    checkNumbers(this.#rule, { lr, momentum });
    const own = momentum ?? this.#rule.momentum;
    rows.set([lr, own, 1 - own, own > 0 ? Math.log(own) : -1e30], index * 4);
  }
}

/** Refuses a rate or a momentum that the rule cannot use. */
export function checkNumbers(
  { takesMomentum }: Rule,
  { lr, momentum }: { readonly lr: number; readonly momentum?: number | undefined },
): void {
  checkHyperparameters(momentum === undefined ? { lr } : { lr, momentum }, undefined, takesMomentum);
}

/** Refuses a table size that a bit mask cannot index. */
export function checkTableSteps(steps: number): number {
  if (!Number.isSafeInteger(steps) || steps < 1 || steps > 65536 || (steps & (steps - 1)) !== 0) {
    throw badArgument(
      'tableSteps to be a power of two of at most 65536',
      `tableSteps = ${String(steps)}`,
      'Leave it out for the default of 1024.',
    );
  }
  return steps;
}
