import { type Hyperparameters, type Optimizer, type ScheduleLike, toSchedule } from '@clr/core';
import { usage } from '../device/flags.ts';
import { Health } from '../device/health.ts';
import { encodeDispatch } from '../device/pipelines.ts';
import { readBuffer } from '../device/readBuffer.ts';
import { badArgument } from '../errors.ts';
import { nameOf } from './checkParameters.ts';
import { completeOptimizer } from './completeOptimizer.ts';
import { type GradientCheckOptions, gradientCheckOf } from './gradientCheck.ts';
import { type Group, groupParameters } from './groups.ts';
import type { Parameter } from './parameter.ts';
import { planStep, type StepPlan } from './planStep.ts';
import { stateKept, stateSize, ticksOffset } from './prepareKernel.ts';
import { ruleOf } from './rules/ruleOf.ts';
import { checkNumbers, checkTableSteps, ScheduleTable } from './scheduleTable.ts';
import { slotRuns } from './slotRuns.ts';
import { Staging } from './staging.ts';

/** Options of an optimizer on the device. */
export interface OptimizerOptions extends GradientCheckOptions {
  /** The policy's step to begin at. Default 0. */
  readonly from?: number;
  /** The number of steps in the device's table of rates, a power of two. Default 1024, which take 16 kB. */
  readonly tableSteps?: number;
}

/** The names of {@link OptimizerOptions}. */
export const optimizerOptions = ['clipNorm', 'skipNonFinite', 'lossScale', 'from', 'tableSteps'] as const;

/** A byte range of a buffer that belongs to the state of a training run. */
export interface StatePart {
  readonly buffer: GPUBuffer;
  readonly offset: number;
  readonly size: number;
}

/** A tensor in the state of a training run, and the location of its bytes. */
export interface DeviceTensor {
  readonly name: string;
  readonly dtype: 'float32' | 'uint8';
  readonly shape: readonly number[];
  /** `at` is the offset of a part in the tensor. */
  readonly parts: readonly (StatePart & { readonly at: number })[];
}

/** The device's counters. */
export interface OptimizerCounters {
  /** The policy's step that comes next. */
  readonly step: number;
  /** Updates applied. */
  readonly updates: number;
  /** Steps that were skipped because a gradient was not finite. */
  readonly skipped: number;
  /** The last global gradient norm before clipping. It is 0 when no option asks for it. */
  readonly norm: number;
  /** The factor to multiply the loss by. It is 1 without a loss scale. */
  readonly lossScale: number;
  /** The last step's rate, as the device read it. */
  readonly lr: number;
  /** The last step's momentum, as the device read it. */
  readonly momentum: number;
}

/** The optimizer behind {@link createOptimizer}. It holds the dispatches of one step, and knows the device's step. */
export class OptimizerEngine {
  readonly device: GPUDevice;
  readonly health: Health;
  readonly spec: Optimizer;
  readonly parameters: readonly Parameter[];
  readonly state: GPUBuffer;
  readonly dispatches: number;
  /** True if a step may set a momentum. */
  readonly takesMomentum: boolean;
  readonly #table: ScheduleTable;
  readonly #staging: Staging;
  readonly #plan: StepPlan;
  readonly #groups: readonly Group[];
  readonly #slots: number;
  #step: number;
  /** The device's step after everything encoded so far has run. */
  #deviceStep: number;
  #moved: boolean;

  constructor(
    device: GPUDevice,
    spec: Optimizer,
    parameters: readonly Parameter[],
    schedule: ScheduleLike | undefined,
    options: OptimizerOptions,
  ) {
    const from = checkStep(options.from ?? 0);
    const rates = schedule === undefined ? undefined : toSchedule(schedule);
    const complete = completeOptimizer(spec);
    const rule = ruleOf(complete, setsMomentum(schedule) || rates?.momentum(from) !== undefined);
    // A policy that the optimizer cannot follow shows at its first step.
    if (rates) checkNumbers(rule, rates.at(from));
    const gradientCheck = gradientCheckOf(options);
    const groups = groupParameters(parameters, device.limits, rule.slots);
    // Without a policy each step writes its own row of the table.
    const tableSteps = checkTableSteps(options.tableSteps ?? (rates ? 1024 : 1));
    this.#step = from;
    this.#deviceStep = 0;
    this.#moved = this.#step !== 0;
    this.device = device;
    this.spec = complete;
    this.parameters = [...parameters];
    this.dispatches = groups.length;
    this.takesMomentum = rule.takesMomentum;
    this.health = new Health(device);
    const [state, table, plan] = this.health.inErrorScope('creating the optimizer', () => {
      const state = device.createBuffer({
        label: 'clr optimizer state',
        size: stateSize,
        usage: usage.storage | usage.copySource | usage.copyTarget,
      });
      device.queue.writeBuffer(state, 12, new Float32Array([gradientCheck.lossScale?.initial ?? 1]));
      const table = new ScheduleTable(device, rates, rule, tableSteps);
      const label = `clr ${complete.type}`;
      const parts = { label, rule, gradientCheck, groups, state, table: table.buffer, tableSteps };
      return [state, table, planStep(device, parts)] as const;
    });
    this.state = state;
    this.#table = table;
    this.#plan = plan;
    this.#groups = groups;
    this.#slots = rule.slots;
    this.#staging = new Staging(device, state, ticksOffset);
  }

  /** The step that the next `encode` executes. */
  get step(): number {
    return this.#step;
  }

  /** The number of steps ever encoded. The device's tick counter will reach it. */
  get ticks(): number {
    return this.#staging.ticks;
  }

  /** The number of further steps that need no upload. */
  get ahead(): number {
    return this.#moved ? 0 : this.#table.ahead(this.#step);
  }

  encode(encoder: GPUCommandEncoder): void {
    this.health.check();
    this.encodeUploads(encoder);
    this.#encodePass(encoder);
  }

  #encodePass(encoder: GPUCommandEncoder): void {
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
      this.#arrived();
    }
  }

  /** Encodes one step into a pass, after {@link encodeUploads}. */
  encodeStep(pass: GPUComputePassEncoder): void {
    for (const dispatch of this.#plan.dispatches) encodeDispatch(pass, dispatch);
    this.#step += 1;
    this.#deviceStep = this.#step;
    this.#staging.ticked();
  }

  /** Releases staging buffers. Call it after queue.submit(). */
  submitted(): void {
    this.#staging.submitted();
  }

  /** Encodes one step with the caller's rate. Its commands must be submitted right after. */
  encodeWith(encoder: GPUCommandEncoder, hyper: Hyperparameters): void {
    this.health.check();
    if (this.#moved) {
      this.device.queue.writeBuffer(this.state, 0, Uint32Array.of(this.#step % 2 ** 32));
      this.#arrived();
    }
    this.#table.write(this.#step, hyper);
    this.#encodePass(encoder);
  }

  seek(step: number): void {
    this.health.checkOpen();
    this.#step = checkStep(step);
    this.#moved = true;
    this.#table.forget();
  }

  /** Sets the host's step after the state buffer was restored, which already holds this step. */
  restored(step: number): void {
    this.#step = step;
    this.#arrived();
    this.#table.forget();
  }

  /** Records that the device has reached the host's step. */
  #arrived(): void {
    this.#deviceStep = this.#step;
    this.#moved = false;
  }

  async counters(): Promise<OptimizerCounters> {
    this.health.checkOpen();
    const bytes = await this.#read();
    const words = new Uint32Array(bytes);
    const floats = new Float32Array(bytes);
    const [low, updates, skipped] = words as unknown as [number, number, number];
    return {
      // The device counts modulo 2³² and lags at most a few steps behind the host.
      step: this.#deviceStep + ((low - this.#deviceStep) | 0),
      updates,
      skipped,
      lossScale: floats[3] as number,
      norm: floats[5] as number,
      lr: floats[6] as number,
      momentum: floats[7] as number,
    };
  }

  async #read(): Promise<ArrayBuffer> {
    try {
      const bytes = await readBuffer(this.device, this.state, 0, stateSize);
      const fault = await this.health.heard();
      if (fault) throw fault;
      return bytes;
    } catch (error) {
      throw await this.health.explain(error);
    }
  }

  /** Counters and slots in buffer order, as in snapshots of the first version. */
  stateParts(): readonly StatePart[] {
    return [
      { buffer: this.state, offset: 0, size: stateKept },
      ...this.#plan.slots.map((buffer) => ({ buffer, offset: 0, size: buffer.size })),
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

  /** The counters, which have the same layout for every optimizer. */
  counterTensor(): DeviceTensor {
    const part = { buffer: this.state, offset: 0, at: 0, size: stateKept };
    return { name: 'counters', dtype: 'uint8', shape: [stateKept], parts: [part] };
  }

  valueTensors(): readonly DeviceTensor[] {
    return this.valueParts().map((part, index) => ({
      ...this.#named(index),
      parts: [{ ...part, at: 0 }],
    }));
  }

  /** The optimizer's slots, one tensor for each parameter and slot. */
  slotTensors(): readonly DeviceTensor[] {
    return slotRuns(this.parameters, this.#groups, this.#slots).flatMap((runs, index) =>
      Array.from({ length: this.#slots }, (_, slot): DeviceTensor => {
        const own = runs.filter((run) => run.slot === slot);
        const { name, ...form } = this.#named(index);
        return {
          name: `${name}, slot ${slot}`,
          ...form,
          parts: own.map(({ group, offset, at, length }) => ({
            buffer: this.#plan.slots[group] as GPUBuffer,
            offset: offset * 4,
            at: at * 4,
            size: length * 4,
          })),
        };
      }),
    );
  }

  #named(index: number): Pick<DeviceTensor, 'name' | 'dtype' | 'shape'> {
    const parameter = this.parameters[index] as Parameter;
    return {
      name: nameOf(parameter, index),
      dtype: 'float32',
      shape: parameter.dims ?? [parameter.length],
    };
  }

  dispose(): void {
    this.health.dispose();
    this.#table.dispose();
    this.#staging.dispose();
    for (const buffer of [this.state, ...this.#plan.buffers, ...this.#plan.slots]) buffer.destroy();
  }
}

/** True if a policy as data sets the momentum at any step, which then needs a velocity from the start. */
function setsMomentum(schedule: ScheduleLike | undefined): boolean {
  if (typeof schedule !== 'object' || !('type' in schedule)) return false;
  if (schedule.type === 'sequence') return schedule.stages.some(({ policy }) => setsMomentum(policy));
  return 'momentum' in schedule && schedule.momentum !== undefined;
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
