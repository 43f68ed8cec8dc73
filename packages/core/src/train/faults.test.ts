import { describe, expect, it } from 'vitest';
import { type Example, examples, type LinearTrainable, linearTrainable } from '../../test/linearTrainable.ts';
import { autoClr } from '../autoClr/autoClr.ts';
import { ClrError } from '../errors.ts';
import { constant, triangular } from '../index.ts';
import { rangeTest } from '../rangeTest/rangeTest.ts';
import type { BatchPass } from '../trainable/batches.ts';
import type { TrainingRun } from '../trainable/run.ts';
import type { StepResult, Trainable } from '../trainable/trainable.ts';
import { type TroughEvent, train } from './train.ts';

const before = { w: 1.25, v: -0.5, updates: 0 };
const mine = new Error('mine');
const raise = (): never => {
  throw mine;
};

/** A call of core with a model and its other arguments. */
type Call = (trainable: Trainable<Example>, batches: BatchPass<Example>, more: object) => Promise<unknown>;

const policy = triangular({ baseLr: 0.001, maxLr: 0.01, stepSize: 5 });
const calls: Readonly<Record<string, Call>> = {
  rangeTest: (trainable, batches, more) =>
    rangeTest(trainable, batches, { startLr: 1e-4, endLr: 1e-2, steps: 60, ...more }),
  'rangeTest with probes': (trainable, batches, more) =>
    rangeTest(trainable, batches, { startLr: 1e-4, endLr: 1e-2, steps: 20, updatesPerRate: 3, ...more }),
  train: (trainable, batches, more) => train(trainable, batches, { policy, steps: 40, ...more }),
  autoClr: (trainable, batches, more) => autoClr(trainable, batches, { steps: 300, ...more }),
};
const named = Object.entries(calls);
const sweeping = named.filter(([name]) => name === 'rangeTest' || name === 'autoClr');

/** A model that has been trained a little. */
async function model(result?: (step: number, honest: StepResult) => StepResult): Promise<LinearTrainable> {
  const trainable = linearTrainable(result && { result });
  await trainable.restore(before);
  return trainable;
}

/** Returns the error of a call, and checks that it says what was expected, what was received, and where. */
async function faultOf(promise: Promise<unknown>): Promise<ClrError> {
  const error = await promise.then(
    (value) => expect.fail(`no error, but ${JSON.stringify(value)}`),
    (error: unknown) => error,
  );
  expect(error).toBeInstanceOf(ClrError);
  expect((error as Error).message).toMatch(/^\[clr\/core\] Expected .+\.\nReceived: .+\n.+/);
  return error as ClrError;
}

const odd = (result: unknown) => (step: number, honest: StepResult) =>
  step === 7 ? (result as StepResult) : honest;

describe('a step that goes wrong', () => {
  const results: readonly [what: string, result: unknown, said: string][] = [
    ['gives a loss that is text', { loss: '0.5' }, 'Received: loss = "0.5" at step 7'],
    ['gives no loss', {}, 'Received: loss = undefined at step 7'],
    ['gives nothing', undefined, 'Received: loss = undefined at step 7'],
    ['gives a promise of text', { loss: Promise.resolve('x') }, 'Received: loss = "x" at step 7'],
    ['gives an accuracy above 1', { loss: 1, accuracy: 95 }, 'Received: accuracy = 95 at step 7'],
    ['gives an accuracy below 0', { loss: 1, accuracy: -1 }, 'Received: accuracy = -1 at step 7'],
    ['gives an accuracy of infinity', { loss: 1, accuracy: Infinity }, 'accuracy = Infinity at step 7'],
    ['gives an accuracy that is text', { loss: 1, accuracy: '1' }, 'Received: accuracy = "1" at step 7'],
  ];
  for (const [what, result, said] of results) {
    it.each(sweeping)(`${what}: %s reports it and leaves the model unchanged`, async (_, call) => {
      const trainable = await model(odd(result));
      expect((await faultOf(call(trainable, examples, {}))).message).toContain(said);
      expect(trainable.state).toEqual(before);
    });
    it(`${what}: train reports it`, async () => {
      const error = await faultOf(calls.train!(await model(odd(result)), examples, {}));
      expect(error.message).toContain(said);
    });
  }

  it.each(sweeping)(
    'gives a loss promise that rejects: %s says where, and leaves the model unchanged',
    async (_, call) => {
      const trainable = await model((step, honest) => (step === 7 ? { loss: Promise.reject(mine) } : honest));
      const error = await faultOf(call(trainable, examples, {}));
      expect(error.message).toContain('Expected the loss to succeed.\nReceived: Error: mine at step 7');
      expect(error.cause).toBe(mine);
      expect(trainable.state).toEqual(before);
    },
  );

  it.each(named)('throws: %s says where', async (name, call) => {
    const trainable = await model();
    const { trainStep } = trainable;
    let taken = 0;
    trainable.trainStep = (batch, hyper) => (taken++ === 7 ? raise() : trainStep(batch, hyper));
    const error = await faultOf(call(trainable, examples, {}));
    expect(error.message).toContain('Expected trainStep() to succeed.\nReceived: Error: mine at ');
    expect(error.message).toContain(name.includes('probes') ? 'at rate 0.000' : 'at step 7');
    expect(error.cause).toBe(mine);
    // train keeps the seven good steps. The other functions restore the model.
    if (name === 'train') expect(trainable.state.updates).toBe(7);
    else expect(trainable.state).toEqual(before);
  });

  it('throws a ClrError: the error keeps its class, and says where', async () => {
    class DeviceLost extends ClrError {}
    const lost = new DeviceLost('clr/webgpu', {
      expected: 'a device',
      received: 'none',
      advice: 'Ask anew.',
    });
    const trainable = await model();
    trainable.trainStep = () => {
      throw lost;
    };
    const { message } = lost;
    // The adapter keeps this error and throws it at every call, so its message must not grow.
    for (const kept of [lost, lost, Object.freeze(lost)]) {
      const error = await calls.train!(trainable, examples, {}).then(raise, (thrown) => thrown);
      expect(error).toBeInstanceOf(DeviceLost);
      expect(error.message).toBe(`${message}\nThis happened in trainStep() at step 0.`);
      expect(error.stack).toContain('This happened in trainStep() at step 0.');
      expect(kept.message).toBe(message);
    }
  });

  it('gives an accuracy of NaN: null is recorded, and the loss decides', async () => {
    const trainable = await model((_, { loss }) => ({ loss, accuracy: Number.NaN }));
    const run = await train(trainable, examples, { policy, steps: 10 });
    expect(run.steps.every(({ accuracy }) => accuracy === null)).toBe(true);
    const result = await autoClr(trainable, examples, { steps: 300 });
    expect(result.best!.loss).toBeLessThan(0.05);
  });
});

describe('a snapshot or a restore that fails', () => {
  it.each(named.filter(([name]) => name !== 'train'))(
    '%s takes no step if snapshot() fails',
    async (_, call) => {
      const trainable = await model();
      trainable.snapshot = () => Promise.reject(mine);
      const error = await faultOf(call(trainable, examples, {}));
      expect(error.message).toContain('Expected snapshot() to succeed.\nReceived: Error: mine');
      expect(trainable.seen.length).toBe(0);
      expect(trainable.state).toEqual(before);
    },
  );

  it.each(sweeping)('%s says that the model was not restored', async (_, call) => {
    const trainable = await model();
    trainable.restore = () => Promise.reject(mine);
    const error = await faultOf(call(trainable, examples, {}));
    expect(error.message).toContain(
      'Expected restore() to succeed.\nReceived: Error: mine after the range test\nThe model was not restored.',
    );
  });

  it('train reports that it cannot restore a checkpoint, or cannot keep a trough', async () => {
    const trainable = await model();
    trainable.restore = raise;
    const from = { step: 3, snapshot: {} };
    expect((await faultOf(calls.train!(trainable, examples, { from }))).message).toContain('before step 3');
    trainable.snapshot = raise;
    const keep = async ({ snapshot }: TroughEvent) => void (await snapshot());
    const error = await faultOf(calls.train!(trainable, examples, { onCycleEnd: keep }));
    expect(error.message).toContain('Expected snapshot() to succeed.\nReceived: Error: mine after 10 steps');
  });
});

describe('batches that go wrong', () => {
  it.each(named)(
    'are an empty list, or missing: %s refuses them before it changes anything',
    async (_, call) => {
      for (const nothing of [[], undefined, 7, {}]) {
        const trainable = await model();
        await faultOf(call(trainable, nothing as never, {}));
        expect(trainable.seen.length).toBe(0);
        expect(trainable.state).toEqual(before);
      }
    },
  );

  it.each(named)(
    'prove empty when they are read: %s reports it and leaves the model unchanged',
    async (_, call) => {
      const trainable = await model();
      const error = await faultOf(call(trainable, { *[Symbol.iterator]() {} }, {}));
      expect(error.message).toContain('Expected at least one batch');
      expect(trainable.state).toEqual(before);
    },
  );

  it.each(named)('throw at the tenth batch: %s says where', async (name, call) => {
    const trainable = await model();
    const broken = {
      *[Symbol.iterator]() {
        let given = 0;
        for (;;) yield given++ === 9 ? raise() : examples[given % 7]!;
      },
    };
    const more = name.includes('probes') ? { updatesPerRate: 6 } : {};
    const error = await faultOf(call(trainable, broken, more));
    expect(error.message).toContain('Expected the next batch to succeed.\nReceived: Error: mine');
    const where = { autoClr: 'before any step', 'rangeTest with probes': 'after 9' }[name] ?? 'at step 9';
    expect(error.message).toContain(where);
    if (name === 'train') expect(trainable.state.updates).toBe(9);
    else expect(trainable.state).toEqual(before);
  });

  it('are used up after the first pass: rangeTest and train report it', async () => {
    for (const [name, call] of named.slice(0, 3)) {
      const trainable = await model();
      const more = name.includes('probes') ? { updatesPerRate: 6 } : {};
      expect((await faultOf(call(trainable, examples.values(), more))).message).toContain(
        'Expected batches that can be iterated again.\nReceived: 7 batches, then none in epoch 1',
      );
      if (name !== 'train') expect(trainable.state).toEqual(before);
    }
  });

  it('can be read only once: autoClr refuses them at once', async () => {
    async function* once() {
      yield* examples;
    }
    for (const stream of [examples.values(), once()]) {
      const trainable = await model();
      const error = await faultOf(calls.autoClr!(trainable, stream, {}));
      expect(error.message).toContain('Expected batches that can be iterated again.\nReceived: an iterator');
      expect(trainable.seen.length).toBe(0);
    }
  });

  /** Gives some batches, and then waits for ever. */
  const stuck = (count: number): AsyncIterable<Example> => ({
    async *[Symbol.asyncIterator]() {
      for (let given = 0; given < count; given++) yield examples[given % 7]!;
      await new Promise(() => {});
    },
  });
  it.each(named)('never come: an abort ends %s, with the result so far', async (name, call) => {
    const trainable = await model();
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 20);
    const outcome = await call(trainable, stuck(name === 'autoClr' ? 30 : 12), { signal: controller.signal });
    const { points, step, trace } = outcome as {
      points?: unknown[];
      step?: number;
      trace?: { points: unknown[] };
    };
    if (name === 'train') expect([step, trainable.state.updates]).toEqual([12, 12]);
    else {
      expect(trainable.state).toEqual(before);
      expect(outcome).toMatchObject(
        name === 'autoClr'
          ? { trace: { stopped: { reason: 'aborted' } } }
          : name === 'rangeTest'
            ? { stopped: { step: 12, reason: 'aborted' } }
            : {},
      );
      const taken = { autoClr: 30, 'rangeTest with probes': 20 }[name] ?? 12;
      expect((points ?? trace?.points)?.length).toBe(taken);
    }
  });
});

describe('validation that goes wrong', () => {
  const key = (name: string) => (name === 'train' ? 'evaluate' : 'validation');

  it.each(named)('is empty, or can be read only once: %s refuses it at once', async (name, call) => {
    for (const held of [[], examples.values()]) {
      const trainable = await model();
      await faultOf(call(trainable, examples, { [key(name)]: held }));
      expect(trainable.seen.length).toBe(0);
      expect(trainable.state).toEqual(before);
    }
  });

  it.each(named)('proves empty when it is read: %s says when', async (name, call) => {
    const trainable = await model();
    const none = { *[Symbol.iterator]() {} };
    const error = await faultOf(call(trainable, examples, { [key(name)]: none }));
    expect(error.message).toMatch(
      /Expected at least one batch to evaluate on\.\nReceived: none (after|before) /,
    );
    if (name !== 'train') expect(trainable.state).toEqual(before);
  });

  it.each(named)('cannot be evaluated: %s says when', async (name, call) => {
    for (const evaluate of [raise, async () => ({ loss: 'x' }), async () => undefined]) {
      const trainable = await model();
      trainable.evaluate = evaluate as never;
      await faultOf(call(trainable, examples, { [key(name)]: examples }));
      if (name !== 'train') expect(trainable.state).toEqual(before);
    }
  });

  it.each(named)('never comes: an abort ends %s', async (name, call) => {
    const trainable = await model();
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 20);
    const held = {
      async *[Symbol.asyncIterator]() {
        yield examples[0]!;
        await new Promise(() => {});
      },
    };
    const outcome = await call(trainable, examples, { [key(name)]: held, signal: controller.signal });
    // Means over a part of the batches are not recorded as an evaluation.
    if (name === 'train') {
      expect(trainable.state.updates).toBe(10);
      expect((outcome as TrainingRun).troughs).toEqual([{ step: 10, cycle: 0 }]);
      expect((outcome as TrainingRun).final).toBeUndefined();
    } else expect(trainable.state).toEqual(before);
  });
});

describe('a callback that throws', () => {
  it.each(named)('has its error passed on unchanged by %s', async (name, call) => {
    const trainable = await model();
    const callback = name === 'autoClr' ? { onEvent: raise } : { onStep: raise };
    await expect(call(trainable, examples, callback)).rejects.toBe(mine);
    if (name !== 'train') expect(trainable.state).toEqual(before);
  });

  it('closes the iterator of the batches', async () => {
    let open = 0;
    const batches = {
      *[Symbol.iterator]() {
        open++;
        try {
          yield* examples;
        } finally {
          open--;
        }
      },
    };
    await expect(calls.train!(await model(), batches, { onStep: raise })).rejects.toBe(mine);
    expect(open).toBe(0);
  });
});

describe('autoClr, while it trains', () => {
  /** With a budget of 300 updates, the range test takes at most 150. */
  it('keeps the best trough if a step throws', async () => {
    const trainable = await model();
    const { trainStep } = trainable;
    let taken = 0;
    trainable.trainStep = (batch, hyper) => (taken++ === 280 ? raise() : trainStep(batch, hyper));
    const troughs: number[] = [];
    const error = await faultOf(
      autoClr(trainable, examples, {
        steps: 300,
        plan: 'cycles',
        validation: examples,
        onEvent: (event) => {
          if (event.type === 'trough') troughs.push(event.trough.loss!);
        },
      }),
    );
    expect(error.message).toContain('trainStep()');
    expect(troughs.length).toBeGreaterThan(0);
    expect((await trainable.evaluate(examples)).loss).toBe(Math.min(...troughs));
  });

  it('leaves the model unchanged if no trough was reached', async () => {
    const trainable = await model();
    const onEvent = ({ type }: { type: string }) => (type === 'step' ? raise() : undefined);
    await expect(autoClr(trainable, examples, { steps: 300, onEvent })).rejects.toBe(mine);
    expect(trainable.state).toEqual(before);
  });

  it.each(['sweep', 'finding', 'verdict', 'policy', 'step', 'trough', 'average', 'ensemble'])(
    'returns the state reached so far if it is aborted at the first %s event',
    async (type) => {
      const trainable = await model();
      const controller = new AbortController();
      const result = await autoClr(trainable, examples, {
        steps: 300,
        validation: examples,
        verdict: true,
        average: true,
        ensemble: true,
        signal: controller.signal,
        onEvent: (event) => {
          if (event.type === type) controller.abort();
        },
      });
      expect(controller.signal.aborted).toBe(true);
      expect(result.trace.points.length).toBeGreaterThan(0);
      expect(result.run !== undefined).toBe(!['sweep', 'finding'].includes(type));
      if (['sweep', 'finding', 'verdict', 'policy'].includes(type)) expect(trainable.state).toEqual(before);
      else expect(trainable.state).toMatchObject({ w: (result.best!.snapshot as { w: number }).w });
      const { rangeTest, verdict, training } = result.cost;
      expect(rangeTest + verdict + training).toBe(trainable.seen.length);
    },
  );
});

it('train at a constant rate stops at once if it is asked to stop at a trough', async () => {
  const stopAtTrough = { aborted: false };
  const run = await train(await model(), examples, {
    policy: constant({ lr: 0.01 }),
    steps: 50,
    stopAtTrough,
    onStep: ({ step }) => {
      stopAtTrough.aborted = step === 20;
    },
  });
  expect(run.stopped).toEqual({ step: 21, reason: 'ended' });
});
