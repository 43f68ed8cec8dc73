import { constant, type Policy, sequence, toSchedule, triangular, triangular2 } from '@clr/core';
import { describe, expect, it } from 'vitest';
import { backend, tf } from '../test/tf.ts';
import { cyclicLR, resumeCyclicLR } from './cyclicLR.ts';
import { savedProgress } from './progress.ts';

const policy = triangular({ baseLr: 0.01, maxLr: 0.05, stepSize: 3, momentum: { base: 0.5, max: 0.9 } });

/** 20 examples: with batches of 4, an epoch has 5 steps. */
const xs = tf.linspace(-1, 1, 40).reshape([20, 2]) as tf.Tensor2D;
const ys = tf.linspace(0, 1, 20).reshape([20, 1]) as tf.Tensor2D;
const fitArgs = { batchSize: 4, shuffle: false, verbose: 0 } as const;

function makeModel(optimizer: tf.Optimizer = tf.train.momentum(1, 0)): tf.LayersModel {
  const model = tf.sequential();
  model.add(tf.layers.dense({ units: 1, inputShape: [2], kernelInitializer: 'ones' }));
  model.compile({ optimizer, loss: 'meanSquaredError', metrics: ['mae'] });
  return model;
}

/** Records the rate and the momentum that the optimizer uses in each update. */
function spyRates(model: tf.LayersModel): { rates: number[]; momenta: number[] } {
  const seen = { rates: [] as number[], momenta: [] as number[] };
  const optimizer = model.optimizer as unknown as {
    applyGradients(grads: unknown): void;
    learningRate: number;
    momentum: number;
  };
  const apply = optimizer.applyGradients.bind(optimizer);
  optimizer.applyGradients = (grads) => {
    seen.rates.push(optimizer.learningRate);
    seen.momenta.push(optimizer.momentum);
    apply(grads);
  };
  return seen;
}

const expected = (steps: number, from = 0, of: Policy = policy) =>
  Array.from({ length: steps }, (_, index) => toSchedule(of).lr(from + index));

/** The weights after `steps` updates in an explicit loop, without a callback. */
async function byHand(steps: number): Promise<number[]> {
  const model = makeModel();
  const schedule = toSchedule(policy);
  const { setHyperparameters } = await import('./setHyperparameters.ts');
  for (let step = 0; step < steps; step++) {
    setHyperparameters(model.optimizer, { lr: schedule.lr(step), momentum: schedule.momentum(step)! });
    const start = (step % 5) * 4;
    await model.trainOnBatch(xs.slice([start, 0], [4, 2]), ys.slice([start, 0], [4, 1]));
  }
  return weightsOf(model);
}

async function weightsOf(model: tf.LayersModel): Promise<number[]> {
  const values = await Promise.all(model.getWeights().map((weight) => weight.data()));
  return values.flatMap((value) => [...value]);
}

describe(`cyclicLR on ${backend}`, () => {
  it('makes fit end with the same weights as an explicit loop', async () => {
    const model = makeModel();
    await model.fit(xs, ys, { ...fitArgs, epochs: 3, callbacks: cyclicLR(policy) });
    const [got, want] = [await weightsOf(model), await byHand(15)];
    got.forEach((value, index) => {
      expect(value).toBeCloseTo(want[index]!, 6);
    });
  });

  it('counts across epochs and calls of fit, also in fitDataset', async () => {
    const model = makeModel();
    const { rates, momenta } = spyRates(model);
    const schedule = cyclicLR(policy);
    await model.fit(xs, ys, { ...fitArgs, epochs: 2, callbacks: schedule });
    expect(schedule.step).toBe(10);
    await model.fit(xs, ys, { ...fitArgs, epochs: 1, callbacks: [schedule] });
    const dataset = tf.data.array([0, 8]).map((start) => ({
      xs: xs.slice([start as unknown as number, 0], [4, 2]),
      ys: ys.slice([start as unknown as number, 0], [4, 1]),
    }));
    await model.fitDataset(dataset as tf.data.Dataset<tf.TensorContainer>, {
      epochs: 2,
      verbose: 0,
      callbacks: schedule,
    });
    expect(schedule.step).toBe(19);
    expect(rates).toEqual(expected(19));
    expect(momenta).toEqual(rates.map((_, step) => toSchedule(policy).momentum(step)));
  });

  it('starts at the step `from`', async () => {
    const model = makeModel();
    const { rates } = spyRates(model);
    await model.fit(xs, ys, { ...fitArgs, callbacks: cyclicLR(policy, { from: 1000 }) });
    expect(rates).toEqual(expected(5, 1000));
  });

  it("puts each epoch's last rate and momentum into history and the logs of later callbacks", async () => {
    const logs: (tf.Logs | undefined)[] = [];
    const { history } = await makeModel().fit(xs, ys, {
      ...fitArgs,
      epochs: 2,
      callbacks: [
        cyclicLR(policy),
        {
          onEpochEnd: (_epoch: number, log?: tf.Logs) => {
            logs.push(log);
          },
        },
      ],
    });
    expect(history.lr).toEqual([expected(5)[4], expected(10)[9]]);
    expect(history.momentum).toEqual([4, 9].map((step) => toSchedule(policy).momentum(step)));
    expect(logs.map((log) => log?.lr)).toEqual(history.lr);
  });

  describe('in a list of callbacks', () => {
    const plain = () => {
      const seen: number[] = [];
      return {
        seen,
        onBatchEnd: (_batch: number, logs?: tf.Logs) => {
          seen.push(logs!.loss as number);
        },
      };
    };
    type Listed = tf.CustomCallbackArgs;

    it.each([
      ['alone', (ours: Listed, _: Listed) => ours],
      ['in an array', (ours: Listed, _: Listed) => [ours]],
      ['before a plain object', (ours: Listed, other: Listed) => [ours, other]],
      ['after a plain object', (ours: Listed, other: Listed) => [other, ours]],
      ['before and after plain objects', (ours: Listed, other: Listed) => [{}, ours, other]],
      [
        'after an instance',
        (ours: Listed, _: Listed) => [tf.callbacks.earlyStopping({ monitor: 'loss' }), ours],
      ],
      [
        'before an instance',
        (ours: Listed, _: Listed) => [ours, tf.callbacks.earlyStopping({ monitor: 'loss' })],
      ],
    ])('works %s', async (_, list) => {
      const model = makeModel();
      const { rates } = spyRates(model);
      const other = plain();
      const callbacks = list(cyclicLR(policy) as unknown as Listed, other) as Listed[];
      await model.fit(xs, ys, { ...fitArgs, callbacks });
      expect(rates).toEqual(expected(5));
      if ([callbacks].flat().includes(other)) expect(other.seen.every(Number.isFinite)).toBe(true);
      expect(other.seen.length).toBe([callbacks].flat().includes(other) ? 5 : 0);
    });

    it('does not repair a list without a callback of cyclicLR', async () => {
      const run = makeModel().fit(xs, ys, {
        ...fitArgs,
        callbacks: [tf.callbacks.earlyStopping(), {}],
      });
      await expect(run).rejects.toThrow(/setParams is not a function/);
    });
  });

  it('lets timers fire during a long fit', async () => {
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    const model = makeModel();
    const end = Date.now() + 400;
    await model.fit(xs, ys, {
      ...fitArgs,
      epochs: 100_000,
      callbacks: [
        cyclicLR(policy),
        new tf.CustomCallback({
          onEpochEnd: () => {
            if (Date.now() > end) model.stopTraining = true;
          },
        }),
      ],
    });
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(0);
  });

  describe('stops at a trough', () => {
    it('after a number of cycles', async () => {
      const model = makeModel();
      const schedule = cyclicLR(policy, { cycles: 2 });
      const { epoch } = await model.fit(xs, ys, { ...fitArgs, epochs: 9, callbacks: schedule });
      expect(schedule.step).toBe(12);
      expect(epoch).toEqual([0, 1, 2]);
    });

    it('after any number of cycles, also from the middle of a cycle', async () => {
      expect(cyclicLR(policy, { cycles: 10 ** 12 }).step).toBe(0);
      // A run that starts in the middle of a cycle counts the end of that cycle as the first.
      const schedule = cyclicLR(policy, { from: 2, cycles: 2 });
      await makeModel().fit(xs, ys, { ...fitArgs, epochs: 9, callbacks: schedule });
      expect(schedule.step).toBe(12);
    });

    it('on request, and continues in the next fit', async () => {
      const model = makeModel();
      const schedule = cyclicLR(policy);
      const request = { onEpochEnd: () => schedule.stopAtTrough() };
      await model.fit(xs, ys, {
        ...fitArgs,
        epochs: 9,
        callbacks: [schedule, request],
      });
      expect(schedule.step).toBe(6);
      await model.fit(xs, ys, { ...fitArgs, epochs: 2, callbacks: schedule });
      expect(schedule.step).toBe(16);
    });

    it('but refuses a schedule without cycles', () => {
      const endless = cyclicLR(() => 0.1);
      expect(() => endless.stopAtTrough()).toThrow(/a schedule with cycles/);
      expect(() => cyclicLR(() => 0.1, { cycles: 1 })).toThrow(/a schedule with cycles/);
    });
  });

  it('reads nothing back during an epoch', async () => {
    const model = makeModel();
    const read: string[] = [];
    const spy = { onEpochEnd: () => Promise.resolve() };
    const backendNow = tf.backend() as unknown as Record<'read' | 'readSync', (id: object) => unknown>;
    const { read: readLate, readSync } = backendNow;
    backendNow.read = function (id) {
      read.push('read');
      return readLate.call(this, id);
    };
    backendNow.readSync = function (id) {
      read.push('readSync');
      return readSync.call(this, id);
    };
    try {
      await model.fit(xs, ys, { ...fitArgs, epochs: 2, callbacks: cyclicLR(policy) });
      const alone = read.splice(0).length;
      await model.fit(xs, ys, { ...fitArgs, epochs: 2, callbacks: spy });
      // tfjs itself reads the losses of two epochs, and the indices of each batch on some backends.
      expect(alone).toBeLessThanOrEqual(read.length);
    } finally {
      backendNow.read = readLate;
      backendNow.readSync = readSync;
    }
  });

  it('leaves no tensor behind', async () => {
    const model = makeModel();
    const schedule = cyclicLR(policy);
    await model.fit(xs, ys, { ...fitArgs, callbacks: schedule });
    const before = tf.memory().numTensors;
    await model.fit(xs, ys, { ...fitArgs, epochs: 4, callbacks: schedule });
    expect(tf.memory().numTensors).toBe(before);
  });

  describe('refuses', () => {
    it('an optimizer that cannot follow the policy, before any update', async () => {
      const model = makeModel(tf.train.sgd(0.1));
      const before = await weightsOf(model);
      await expect(model.fit(xs, ys, { ...fitArgs, callbacks: cyclicLR(policy) })).rejects.toThrow(
        /no velocity/,
      );
      expect(await weightsOf(model)).toEqual(before);
    });

    it('bad options', () => {
      expect(() => cyclicLR(policy, { from: -1 })).toThrow('Received: from = -1');
      expect(() => cyclicLR(policy, { cycles: 0.5 })).toThrow('Received: cycles = 0.5');
      expect(() => cyclicLR({ type: 'triangle' } as unknown as Policy)).toThrow('triangular');
      for (const other of [null, {}, { LayersModel: tf.LayersModel }]) {
        expect(() => cyclicLR(policy, { tf: other as never })).toThrow('a tf that lacks some of them');
      }
    });

    it('two of these callbacks in a list, before any update', async () => {
      const model = makeModel();
      const before = await weightsOf(model);
      const one = cyclicLR(policy);
      for (const callbacks of [
        [one, one],
        [cyclicLR(policy), {}, one],
      ] as tf.Callback[][]) {
        await expect(model.fit(xs, ys, { ...fitArgs, callbacks })).rejects.toThrow('Received: 2');
      }
      expect(one.step).toBe(0);
      expect(await weightsOf(model)).toEqual(before);
    });

    it('a second model while the first is in training, which continues', async () => {
      const [first, second] = [makeModel(), makeModel()];
      const { rates } = spyRates(first);
      const schedule = cyclicLR(policy);
      const running = first.fit(xs, ys, { ...fitArgs, callbacks: schedule });
      await expect(second.fit(xs, ys, { ...fitArgs, callbacks: schedule })).rejects.toThrow(
        'one model at a time',
      );
      await running;
      expect(rates).toEqual(expected(5));
      await second.fit(xs, ys, { ...fitArgs, callbacks: schedule });
      expect(schedule.step).toBe(10);
    });

    it('a model of another copy of tfjs, with advice', async () => {
      // Another copy of tfjs takes our callback for a plain object and wraps it.
      const wrapped = new tf.CustomCallback(cyclicLR(policy) as unknown as tf.CustomCallbackArgs);
      await expect(wrapped.onTrainBegin()).rejects.toThrow('cyclicLR(policy, { tf })');
    });
  });

  describe('saved with the model', () => {
    const roundTrip = async (model: tf.LayersModel) => {
      let saved: tf.io.ModelArtifacts | undefined;
      const handler = tf.io.withSaveHandler(async (artifacts) => {
        // Storage makes a copy.
        saved = structuredClone(artifacts);
        return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } };
      });
      await model.save(handler, { includeOptimizer: true });
      return tf.loadLayersModel(tf.io.fromMemory(saved!));
    };

    it('continues as if never interrupted', async () => {
      const straight = makeModel();
      const { rates } = spyRates(straight);
      await straight.fit(xs, ys, { ...fitArgs, epochs: 4, callbacks: cyclicLR(policy) });

      const model = makeModel();
      model.setUserDefinedMetadata({ mine: 'kept' });
      await model.fit(xs, ys, { ...fitArgs, epochs: 2, callbacks: cyclicLR(policy) });
      const loaded = await roundTrip(model);
      expect(savedProgress(loaded)).toEqual({ policy, step: 10, momentum: 0 });
      expect(loaded.getUserDefinedMetadata()).toMatchObject({ mine: 'kept' });
      const later = spyRates(loaded);
      await loaded.fit(xs, ys, { ...fitArgs, epochs: 2, callbacks: resumeCyclicLR(loaded) });
      expect(later.rates).toEqual(rates.slice(10));
      expect(await weightsOf(loaded)).toEqual(await weightsOf(straight));
    });

    it('continues with the optimizer’s own momentum when the policy stops cycling it', async () => {
      const stages = sequence([{ policy, steps: 7 }, { policy: constant({ lr: 0.01 }) }]);
      const model = makeModel(tf.train.momentum(1, 0.25));
      await model.fit(xs, ys, { ...fitArgs, callbacks: cyclicLR(stages) });
      const loaded = await roundTrip(model);
      const { momenta } = spyRates(loaded);
      await loaded.fit(xs, ys, { ...fitArgs, callbacks: resumeCyclicLR(loaded) });
      expect(momenta).toEqual([
        toSchedule(stages).momentum(5),
        toSchedule(stages).momentum(6),
        0.25,
        0.25,
        0.25,
      ]);
      const options = { from: 3 } as object;
      expect(() => resumeCyclicLR(loaded, options)).toThrow('no other options than cycles, tf');
    });

    it('has the right step in the middle of an epoch', async () => {
      const model = makeModel();
      let step: number | undefined;
      const saver = {
        onBatchEnd: async (batch: number) => {
          if (batch === 2) step = savedProgress(await roundTrip(model))?.step;
        },
      };
      const callbacks = [cyclicLR(policy), saver];
      await model.fit(xs, ys, { ...fitArgs, callbacks });
      expect(step).toBe(3);
    });

    it('refuses to resume a schedule of functions, which cannot be stored', async () => {
      const model = makeModel();
      await model.fit(xs, ys, { ...fitArgs, callbacks: cyclicLR(() => 0.01) });
      expect(savedProgress(model)).toEqual({ policy: null, step: 5 });
      expect(() => resumeCyclicLR(model)).toThrow('cyclicLR(policy, { from: step })');
      expect(savedProgress(makeModel())).toBeNull();
      for (const other of [undefined, null, {}]) {
        expect(() => savedProgress(other as never)).toThrow('a tf.LayersModel');
        expect(() => resumeCyclicLR(other as never)).toThrow('a tf.LayersModel');
      }
      expect(() => resumeCyclicLR(makeModel())).toThrow('Received: a model without a policy');
    });
  });

  it('restores the optimizer’s own momentum when the policy stops cycling it', async () => {
    const model = makeModel(tf.train.momentum(1, 0.25));
    const { momenta } = spyRates(model);
    const stages = sequence([{ policy, steps: 2 }, { policy: constant({ lr: 0.01 }) }]);
    await model.fit(xs, ys, { ...fitArgs, callbacks: cyclicLR(stages) });
    expect(momenta.slice(2)).toEqual([0.25, 0.25, 0.25]);
  });

  it('uses a momentum that was set after a policy cycled it', async () => {
    const model = makeModel(tf.train.momentum(1, 0.25));
    await model.fit(xs, ys, { ...fitArgs, callbacks: cyclicLR(policy) });
    const { setHyperparameters } = await import('./setHyperparameters.ts');
    setHyperparameters(model.optimizer, { lr: 0.01, momentum: 0.75 });
    const { momenta } = spyRates(model);
    await model.fit(xs, ys, { ...fitArgs, callbacks: cyclicLR(constant({ lr: 0.01 })) });
    expect(momenta).toEqual(Array(5).fill(0.75));
  });

  it('works with every optimizer that compile() accepts by name', async () => {
    const bounds = triangular2({ baseLr: 0.001, maxLr: 0.002, stepSize: 2 });
    for (const name of ['sgd', 'adagrad', 'adadelta', 'adam', 'adamax', 'rmsprop']) {
      const model = makeModel(name as unknown as tf.Optimizer);
      const { history } = await model.fit(xs, ys, { ...fitArgs, callbacks: cyclicLR(bounds) });
      expect(history.lr).toEqual([0.001]);
    }
  });
});
