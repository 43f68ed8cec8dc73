import {
  adam,
  autoClr,
  type Policy,
  parsePolicy,
  type RangeTestFinding,
  type RangeTestTrace,
  sgd,
  train,
} from '@clr/core';
import { batchesOfRows, type Values } from '@clr/data';
import { type Batch, createTrainer, type OnnxTrainer } from '@clr/onnx';
import { type Kept, keep } from './keep.ts';
import type { Event, History, Measured, RunSettings, Step } from './protocol.ts';
import { loadRuntime } from './runtime.ts';
import type { Part, Task } from './task.ts';

/** The number of steps that the charts keep. Longer runs keep every second step, then every fourth, and so on. */
const maxSteps = 4000;
/** The milliseconds between two checkpoints. */
const saveEvery = 4000;

/** One run: a model with its trainer, its rates and its history. */
export class Session {
  readonly #task: Task;
  readonly #settings: RunSettings;
  readonly #trainer: OnnxTrainer;
  readonly #tell: (event: Event) => void;
  readonly #batches: (skip?: number) => AsyncIterable<Batch>;
  readonly #validation: AsyncIterable<Batch>;
  readonly #stepsPerEpoch: number;
  #history: History | undefined;
  #sample: Batch | undefined;
  #signal: AbortSignal = new AbortController().signal;

  private constructor(
    task: Task,
    settings: RunSettings,
    trainer: OnnxTrainer,
    make: (values: Readonly<Record<string, Values>>) => Batch,
    tell: (event: Event) => void,
  ) {
    this.#task = task;
    this.#settings = settings;
    this.#trainer = trainer;
    this.#tell = tell;
    const { rows, dataset } = task.train;
    const size = Math.min(settings.batch, rows.length);
    this.#stepsPerEpoch = Math.ceil(rows.length / size);
    this.#batches = (skip = 0) => batchesOfRows(dataset, { rows, size, seed: 1, skip, make });
    const { rows: held, dataset: other }: Part = task.validation;
    this.#validation = batchesOfRows(other, { rows: held, size: 250, make });
  }

  static async open(task: Task, settings: RunSettings, tell: (event: Event) => void): Promise<Session> {
    const { ort, providers, note } = await loadRuntime(settings.device);
    tell({ type: 'notes', notes: [...task.notes, ...(note === undefined ? [] : [note])] });
    const trainer = await createTrainer(ort, task.model, {
      loss: task.loss,
      optimizer: settings.optimizer === 'adam' ? adam() : sgd({ momentum: 0.9 }),
      ...(task.trainable && { trainable: task.trainable }),
      session: { executionProviders: providers, logSeverityLevel: 3 },
    });
    const make = (values: Readonly<Record<string, Values>>): Batch =>
      Object.fromEntries(
        Object.entries(values).map(([name, { type, data, dims }]) => [
          name,
          new ort.Tensor(type, data as Float32Array, dims),
        ]),
      );
    return new Session(task, settings, trainer, make, tell);
  }

  /** Starts a run: a range test if the rates must be found, then the training. `signal` pauses it. */
  async start(signal: AbortSignal): Promise<void> {
    this.#signal = signal;
    const budget = this.#settings.epochs * this.#stepsPerEpoch;
    const { rates } = this.#settings;
    const begin =
      'policy' in rates
        ? { policy: parsePolicy(rates.policy), steps: budget }
        : await this.#find(rates.plan, budget);
    if (!begin) {
      this.#tell({ type: 'stopped', why: signal.aborted ? 'not begun' : 'nothing found', step: 0 });
      return;
    }
    this.#history = { settings: this.#settings, done: [], measured: [], ...begin };
    await keep(0, await this.#trainer.snapshot(), this.#history);
    await this.#train({ step: 0, snapshot: await this.#trainer.snapshot() });
  }

  /** Continues the run after a pause or in another visit. */
  async resume({ step, snapshot, extra }: Kept, signal: AbortSignal): Promise<void> {
    this.#signal = signal;
    this.#history = extra;
    await this.#train({ step, snapshot });
  }

  /** Loads the weights of a checkpoint for the export. */
  async restore({ snapshot }: Kept): Promise<void> {
    await this.#trainer.restore(snapshot as Parameters<OnnxTrainer['restore']>[0]);
  }

  async exportModel(): Promise<{ bytes: Uint8Array; name: string }> {
    return {
      bytes: this.#task.finish(await this.#trainer.exportModel()),
      name: `${this.#task.name}-trained.onnx`,
    };
  }

  async dispose(): Promise<void> {
    await this.#trainer.dispose();
  }

  /**
   * Finds the rates with `autoClr`, and stops it before it trains. The training is left to `train`, because its runs can
   * be resumed.
   */
  async #find(
    plan: 'decay' | 'cycles' | 'wsd' | 'fixed',
    budget: number,
  ): Promise<
    { policy: Policy; steps: number; found: { trace: RangeTestTrace; finding: RangeTestFinding } } | undefined
  > {
    if (budget < 2) {
      throw new Error(
        `One batch holds all examples (${this.#task.train.rows.length}), so the run has a single step. Take smaller batches or more epochs.`,
      );
    }
    const found = new AbortController();
    let begin: { policy: Policy; steps: number } | undefined;
    const { trace, finding } = await autoClr(this.#trainer, this.#batches(), {
      ...{ steps: budget, stepsPerEpoch: this.#stepsPerEpoch, validation: this.#validation, plan },
      signal: AbortSignal.any([this.#signal, found.signal]),
      onEvent: (event) => {
        if (event.type === 'sweep') this.#tell({ type: 'sweep', points: [event.point] });
        // The record of a test that was stopped says little, and may be empty.
        if (event.type === 'finding' && !this.#signal.aborted)
          this.#tell({ type: 'found', trace: event.trace, finding: event.finding });
        if (event.type !== 'policy' || begin) return;
        begin = { policy: event.policy, steps: event.steps };
        found.abort();
      },
    });
    return begin && { ...begin, found: { trace, finding } };
  }

  async #train(from: { step: number; snapshot: object }): Promise<void> {
    const history = this.#history!;
    const done = history.done.filter(({ step }) => step < from.step);
    const measured = history.measured.filter(({ step }) => step <= from.step);
    const now = (): History => ({ ...history, done, measured });
    this.#tell({ type: 'training', history: now() });
    const signal = this.#signal;
    let [saved, keptAt] = [Date.now(), from.step];
    let thinning = 1;
    const run = await train(this.#trainer, this.#batches(from.step), {
      // The policy may come from another thread or from disk, so its content is not certain.
      policy: parsePolicy(history.policy),
      ...{ steps: history.steps, from, signal },
      checkpoint: {
        every: { steps: Math.max(10, Math.ceil(this.#stepsPerEpoch / 2)) },
        save: async ({ step, snapshot }) => {
          await this.#measure(step, measured);
          if (!signal.aborted && step < history.steps && Date.now() - saved < saveEvery) return;
          await keep(step, snapshot, now());
          [saved, keptAt] = [Date.now(), step];
        },
      },
      onStep: ({ step, lr, loss, accuracy }) => {
        const seen: Step = { step, lr, loss, ...(accuracy !== undefined && { accuracy }) };
        this.#tell({ type: 'steps', steps: [seen] });
        if (step % thinning === 0) done.push(seen);
        if (done.length < maxSteps) return;
        thinning *= 2;
        done.splice(0, done.length, ...done.filter((each) => each.step % thinning === 0));
      },
    });
    this.#history = now();
    if (run.stopped?.reason === 'diverged') {
      // Not an error: a run that diverged cannot be resumed.
      this.#tell({
        type: 'fault',
        text: `The loss was no longer finite at step ${run.stopped.step}. ${run.stopped.fault ?? 'Take a lower rate, or let the range test find one.'}`,
      });
      return;
    }
    // Save at the end, too, because checkpoints that follow the previous one too soon are not kept.
    if (keptAt !== run.step) await keep(run.step, await this.#trainer.snapshot(), now());
    this.#tell({ type: 'stopped', why: run.step < history.steps ? 'paused' : 'done', step: run.step });
  }

  async #measure(step: number, measured: Measured[]): Promise<void> {
    const { loss, accuracy } = await this.#trainer.evaluate(this.#validation);
    const seen: Measured = {
      step,
      loss: Number.isFinite(loss) ? loss : null,
      ...(accuracy !== undefined && { accuracy }),
    };
    measured.push(seen);
    this.#tell({ type: 'measured', measured: seen });
    await this.#guess();
  }

  /** The model's predictions for some held-out digits. */
  async #guess(): Promise<void> {
    const { samples } = this.#task;
    if (!samples) return;
    const { images, answers } = samples;
    this.#sample ??= (await this.#validation[Symbol.asyncIterator]().next()).value as Batch;
    const { outputs, examples } = await this.#trainer.predictBatch!(this.#sample);
    const classes = outputs.length / examples;
    const guesses = answers.map((_, i) => {
      const scores = outputs.subarray(i * classes, (i + 1) * classes);
      return scores.indexOf(Math.max(...scores));
    });
    this.#tell({ type: 'guesses', guesses: { images, answers, guesses } });
  }
}
