import {
  analyzeRangeTest,
  type Policy,
  type RangeTestFinding,
  type RangeTestPoint,
  rangeTest,
  triangular2,
} from '@clr/core';
import { type CyclicLR, createTrainable, cyclicLR, resumeCyclicLR, savedProgress } from '@clr/tfjs';
import * as tf from '@tensorflow/tfjs';
import { cut, type Digits } from './digits.ts';
import { makeModel } from './model.ts';
import { emptyHistory, forget, type History, keep, restore } from './storage.ts';

/** Callbacks for the page during a run. */
export interface Listener {
  rangePoint(points: readonly RangeTestPoint[]): void;
  step(history: History): void;
}

/** A model and its training run, which can be paused, stored and resumed. */
export class Trainer {
  history: History = emptyHistory();
  private model: tf.LayersModel = makeModel();
  private schedule: CyclicLR | null = null;
  private stopping = false;

  private readonly train: Digits;
  private readonly test: Digits;
  private readonly batchSize: number;
  private readonly listener: Listener;

  constructor(train: Digits, test: Digits, batchSize: number, listener: Listener) {
    this.train = train;
    this.test = test;
    this.batchSize = batchSize;
    this.listener = listener;
  }

  get stepsPerEpoch(): number {
    return Math.ceil(this.train.count / this.batchSize);
  }

  /** Resumes the run that an earlier visit stored. Returns its policy, or `null` if no run is stored. */
  async resume(): Promise<Policy | null> {
    const kept = await restore();
    const progress = kept && savedProgress(kept.model);
    if (!kept || !progress?.policy) return null;
    this.model.dispose();
    this.model = kept.model;
    this.history = upTo(kept.history, progress.step);
    this.schedule = resumeCyclicLR(this.model);
    return progress.policy;
  }

  /** Runs the LR range test, which leaves the model unchanged. */
  async findRates(signal: AbortSignal): Promise<RangeTestFinding> {
    const points: RangeTestPoint[] = [];
    const batches = cut(this.train, this.batchSize);
    try {
      const trace = await rangeTest(createTrainable(tf, this.model), batches, {
        startLr: 1e-4,
        endLr: 3,
        steps: Math.min(100, 2 * this.stepsPerEpoch),
        signal,
        onStep: (point) => {
          points.push(point);
          this.listener.rangePoint(points);
        },
      });
      return analyzeRangeTest(trace);
    } finally {
      tf.dispose(batches);
    }
  }

  /** Trains from the current step until `pause()`. */
  async run(baseLr: number, maxLr: number): Promise<void> {
    this.schedule ??= cyclicLR(
      triangular2({ baseLr, maxLr, stepSize: 2 * this.stepsPerEpoch, momentum: { base: 0.85, max: 0.95 } }),
    );
    this.stopping = false;
    const { schedule, history } = this;
    const onBatchEnd = async (_batch: number, logs?: tf.Logs): Promise<void> => {
      history.step.push(schedule.step);
      const { learningRate, momentum } = this.model.optimizer as unknown as Record<string, number>;
      history.lr.push(learningRate!);
      history.momentum.push(momentum!);
      history.loss.push(Number(logs?.loss));
      history.accuracy.push(Number(logs?.acc));
      history.test.push(null);
      this.listener.step(history);
      if (schedule.step % 25 === 0) await keep(this.model, history);
      if (this.stopping) this.model.stopTraining = true;
    };
    const onEpochEnd = async (_epoch: number, logs?: tf.Logs): Promise<void> => {
      history.test[history.test.length - 1] = (logs?.val_acc as number | undefined) ?? null;
      this.listener.step(history);
    };
    await this.model.fit(this.train.xs, this.train.ys, {
      epochs: 1000,
      batchSize: this.batchSize,
      validationData: [this.test.xs, this.test.ys],
      callbacks: [schedule, { onBatchEnd, onEpochEnd }],
    });
    await keep(this.model, history);
  }

  pause(): void {
    this.stopping = true;
  }

  async startOver(): Promise<void> {
    await forget();
    this.model.dispose();
    this.model = makeModel();
    this.schedule = null;
    this.history = emptyHistory();
  }
}

/** The history up to the step of the stored model. */
function upTo(history: History, step: number): History {
  const count = history.step.filter((entry) => entry <= step).length;
  const first = <T>(column: T[]): T[] => column.slice(0, count);
  return {
    step: first(history.step),
    lr: first(history.lr),
    momentum: first(history.momentum),
    loss: first(history.loss),
    accuracy: first(history.accuracy),
    test: first(history.test),
  };
}
