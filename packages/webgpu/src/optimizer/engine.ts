import { type Hyperparameters, type Optimizer, type ScheduleLike, toSchedule } from '@clr/core';
import { usage } from '../device/flags.ts';
import { type Dispatch, dispatchOf, encodeDispatch } from '../device/pipelines.ts';
import { readBuffer } from '../device/readBuffer.ts';
import { badArgument } from '../errors.ts';
import { blockCount, blocksOf } from './blocks.ts';
import { type Group, groupParameters, type Parameter, type Window } from './groups.ts';
import { type GuardOptions, guardOf } from './guard.ts';
import { gradientWindows, normKernel } from './normKernel.ts';
import { nowSize, prepareKernel, stateKept, stateSize, ticksOffset } from './prepareKernel.ts';
import { ruleOf } from './rules/rule.ts';
import { ScheduleTable } from './scheduleTable.ts';
import { Staging } from './staging.ts';
import { updateKernel } from './updateKernel.ts';

/** Options of an optimizer on the device. */
export interface OptimizerOptions extends GuardOptions {
  /** The policy's step to begin at. Default 0. */
  readonly from?: number;
  /** Rows of the device-side table, a power of two. Default 1024: 16 kB. */
  readonly tableSteps?: number;
}

/** A stretch of a buffer that belongs to a training's state. */
export interface StatePart {
  readonly buffer: GPUBuffer;
  readonly offset: number;
  readonly size: number;
}

/** What {@link OptimizerEngine} and its facade know about the device's counters. */
export interface OptimizerCounters {
  /** The policy's step that comes next. */
  readonly step: number;
  /** Updates applied. */
  readonly updates: number;
  /** Steps that changed nothing because a gradient was not finite. */
  readonly skipped: number;
  /** The last global gradient norm before clipping; 0 when no option asks for it. */
  readonly norm: number;
  /** What the loss is to be multiplied by; 1 without a loss scale. */
  readonly lossScale: number;
  /** The last step's rate, as the device read it. */
  readonly lr: number;
  /** The last step's momentum, as the device read it. */
  readonly momentum: number;
}

/** The optimizer behind {@link createOptimizer}: the dispatches of one step, and where the host knows the device to be. */
export class OptimizerEngine {
  readonly device: GPUDevice;
  readonly spec: Optimizer;
  readonly parameters: readonly Parameter[];
  readonly state: GPUBuffer;
  readonly dispatches: number;
  readonly #table: ScheduleTable;
  readonly #staging: Staging;
  readonly #now: GPUBuffer;
  readonly #slots: GPUBuffer[] = [];
  readonly #buffers: GPUBuffer[] = [];
  readonly #perStep: Dispatch[] = [];
  #step: number;
  #moved: boolean;

  constructor(
    device: GPUDevice,
    spec: Optimizer,
    parameters: readonly Parameter[],
    schedule: ScheduleLike,
    options: OptimizerOptions,
  ) {
    const rates = toSchedule(schedule);
    const rule = ruleOf(spec, rates.momentum(options.from ?? 0) !== undefined);
    const guard = guardOf(options);
    const groups = groupParameters(parameters, device.limits, rule.slots);
    this.device = device;
    this.spec = spec;
    this.parameters = [...parameters];
    this.dispatches = groups.length;
    this.#step = checkStep(options.from ?? 0);
    this.#moved = this.#step !== 0;
    const tableSteps = options.tableSteps ?? 1024;
    this.#table = new ScheduleTable(device, rates, rule, tableSteps);
    this.state = this.#buffer('clr optimizer state', stateSize, usage.storage);
    device.queue.writeBuffer(this.state, 12, new Float32Array([guard.lossScale?.initial ?? 1]));
    this.#now = this.#buffer('clr optimizer step', nowSize, usage.storage | usage.uniform);
    this.#staging = new Staging(device, this.state, ticksOffset);

    let blocks = 0;
    const cut = groups.map((group) => {
      const rows = blocksOf(group, rule.slots, blocks);
      blocks += blockCount(rows);
      const buffer = this.#buffer('clr optimizer blocks', rows.byteLength, usage.storage);
      device.queue.writeBuffer(buffer, 0, rows);
      return { group, buffer, count: blockCount(rows) };
    });
    const prepared = [this.state, this.#table.buffer, this.#now];
    if (guard.active) {
      const partials = this.#buffer('clr gradient norm', blocks * 8, usage.storage);
      prepared.push(partials);
      for (const { group, buffer, count } of cut) {
        const windows = gradientWindows(group).map((index) => group.windows[index] as Window);
        this.#perStep.push(
          dispatchOf(device, 'clr gradient norm', normKernel(group), [buffer, partials, ...windows], count),
        );
      }
    }
    this.#perStep.push(
      dispatchOf(device, 'clr prepare', prepareKernel(rule, guard, tableSteps), prepared, 1),
    );
    for (const { group, buffer, count } of cut) {
      const slots = rule.slots ? [this.#makeSlots(group, rule.slots, rule.initial ?? 0)] : [];
      const resources = [this.#now, buffer, ...slots, ...group.windows];
      const code = updateKernel(group, rule, guard.active);
      this.#perStep.push(dispatchOf(device, `clr ${spec.type}`, code, resources, count));
    }
  }

  /** The step that the next `encode` executes. */
  get step(): number {
    return this.#step;
  }

  /** How many more steps need no upload. */
  get ahead(): number {
    return this.#moved ? 0 : this.#table.ahead(this.#step);
  }

  encode(encoder: GPUCommandEncoder): void {
    this.encodeUploads(encoder);
    const pass = encoder.beginComputePass({ label: 'clr optimizer' });
    this.encodeStep(pass);
    pass.end();
  }

  /** Encodes the copies that the next step needs, if any: table rows, and the counter after a seek. */
  encodeUploads(encoder: GPUCommandEncoder): void {
    if (!this.#table.covers(this.#step)) {
      this.#staging.add(this.#table.encodeUpload(encoder, this.#step));
    }
    if (this.#moved) {
      this.#staging.encodeWord(encoder, this.state, 0, this.#step % 2 ** 32);
      this.#moved = false;
    }
  }

  /** Encodes one step into a pass, after {@link encodeUploads}. */
  encodeStep(pass: GPUComputePassEncoder): void {
    for (const dispatch of this.#perStep) encodeDispatch(pass, dispatch);
    this.#step += 1;
    this.#staging.ticked();
  }

  /** Sets the next step's rate by hand; the commands of that step must be submitted right after. */
  override(hyper: Hyperparameters): void {
    this.#table.write(this.#step, hyper);
  }

  seek(step: number): void {
    this.#step = checkStep(step);
    this.#moved = true;
    this.#table.forget();
  }

  /** After the state buffer was restored: the device already stands at this step. */
  restored(step: number): void {
    this.#step = step;
    this.#moved = false;
    this.#table.forget();
  }

  async counters(): Promise<OptimizerCounters> {
    const bytes = await readBuffer(this.device, this.state, 0, stateSize);
    const words = new Uint32Array(bytes);
    const floats = new Float32Array(bytes);
    const [step, updates, skipped] = words as unknown as [number, number, number];
    return {
      step,
      updates,
      skipped,
      lossScale: floats[3] as number,
      norm: floats[5] as number,
      lr: floats[6] as number,
      momentum: floats[7] as number,
    };
  }

  /** Slots and counters: with the values, all that the next step depends on. */
  stateParts(): readonly StatePart[] {
    return [
      { buffer: this.state, offset: 0, size: stateKept },
      ...this.#slots.map((buffer) => ({ buffer, offset: 0, size: buffer.size })),
    ];
  }

  /** The weights. */
  valueParts(): readonly StatePart[] {
    return this.parameters.map(({ value, valueOffset = 0, length }) => ({
      buffer: value,
      offset: valueOffset * 4,
      size: length * 4,
    }));
  }

  dispose(): void {
    this.#table.dispose();
    this.#staging.dispose();
    for (const buffer of [...this.#buffers, ...this.#slots]) buffer.destroy();
  }

  #buffer(label: string, size: number, flags: number): GPUBuffer {
    const buffer = this.device.createBuffer({
      label,
      size,
      usage: flags | usage.copySource | usage.copyTarget,
    });
    this.#buffers.push(buffer);
    return buffer;
  }

  #makeSlots(group: Group, slots: number, initial: number): GPUBuffer {
    const buffer = this.device.createBuffer({
      label: 'clr optimizer slots',
      size: group.length * slots * 4,
      usage: usage.storage | usage.copySource | usage.copyTarget,
      mappedAtCreation: initial !== 0,
    });
    if (initial !== 0) {
      new Float32Array(buffer.getMappedRange()).fill(initial);
      buffer.unmap();
    }
    this.#slots.push(buffer);
    return buffer;
  }
}

function checkStep(step: number): number {
  if (!Number.isSafeInteger(step) || step < 0) {
    throw badArgument(
      'a step that is an integer of at least 0',
      `step = ${String(step)}`,
      'A step is the number of updates applied before it.',
    );
  }
  return step;
}
