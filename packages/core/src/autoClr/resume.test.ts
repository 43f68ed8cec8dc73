import { describe, expect, it } from 'vitest';
import { examples, type LinearTrainable, linearTrainable } from '../../test/linearTrainable.ts';
import { wsd } from '../policies/wsd.ts';
import { train } from '../train/train.ts';
import type { Checkpoint } from '../trainable/checkpoint.ts';
import { autoClr } from './autoClr.ts';
import type { AutoClrOptions } from './autoClrOptions.ts';
import type { AutoClrResult } from './autoClrResult.ts';

type Options = Partial<AutoClrOptions<(typeof examples)[number]>>;

/**
 * A model that reports the loss `lossAbove` while it is trained at a rate above `limit`, from its 100th update on. The
 * range test stays as it is.
 */
function fragile(limit: number, lossAbove: number): (options: Options) => LinearTrainable {
  return (options) => {
    const trainable = linearTrainable();
    const { trainStep } = trainable;
    let sweeps = options.from === undefined;
    trainable.trainStep = (batch, hyper) => {
      // The training begins with the rate 0.
      if (hyper.lr === 0) sweeps = false;
      const honest = trainStep(batch, hyper);
      const breaks = !sweeps && hyper.lr > limit && trainable.state.updates >= 100;
      return breaks ? { loss: lossAbove } : honest;
    };
    return trainable;
  };
}

/** Examples without noise, which all have the same loss at the start. */
const even: typeof examples = [-1, 1].map((x) => ({ x, y: 3 * x }));

const linear = () => linearTrainable();

/** Runs `autoClr` to its end, with a checkpoint after every step. */
async function runAll(
  options: Options,
  make: (options: Options) => LinearTrainable,
  data: typeof examples = examples,
) {
  const saved: Checkpoint[] = [];
  const trainable = make(options);
  const result = await autoClr(trainable, data, {
    ...{ steps: 400, validation: data, ...options },
    checkpoint: { every: { steps: 1 }, save: (checkpoint) => void saved.push(checkpoint) },
  });
  return { saved, result, state: trainable.state };
}

/** The result without the records of single steps, which a resumed run has only from its checkpoint on. */
const apart = ({ run, ...result }: AutoClrResult) => {
  const { from: _, steps: __, troughs: ___, ...end } = run!;
  return { ...result, end };
};

describe('autoClr with a checkpoint', () => {
  it.each<[string, Options, ((options: Options) => LinearTrainable)?, typeof examples?]>([
    ['a decay', {}],
    ['no validation data', { validation: undefined as never }],
    ['cycles, patience and reductions', { plan: 'cycles', stepsPerEpoch: 3, patience: 2, steps: 600 }],
    ['an average and an ensemble', { average: true, ensemble: true, stepsPerEpoch: 8 }],
    [
      'a verdict between functions',
      { plan: (steps) => wsd({ maxLr: 1, steps }), verdict: ['fixed', 'decay'] },
    ],
    ['a model that is already trained', { updatesPerRate: 5 }],
    ['a run that diverges once', {}, fragile(0.1, Number.NaN)],
    ['a run that collapses once', {}, fragile(0.3, 8.99), even],
  ])(
    'resumes at any step as if it had not stopped: %s',
    async (_, options, make = linear, data = examples) => {
      const whole = await runAll(options, make, data);
      expect(whole.result.run).toBeDefined();
      expect(whole.saved.length).toBeGreaterThan(100);
      const restarts = whole.result.finding.reasons.filter((reason) => /started again/.test(reason));
      expect(restarts.length).toBe(make === linear ? 0 : 1);
      // Some checkpoints, among them the first and the last of each attempt.
      const ends = (at: number) => whole.saved[at + 1]?.step !== whole.saved[at]!.step + 1;
      const chosen = [...whole.saved.keys()].filter(
        (at) => at % 7 === 0 || ends(at) || (at > 0 && ends(at - 1)),
      );
      for (const at of chosen) {
        const from = whole.saved[at]!;
        const rest = await runAll({ ...options, from }, make, data);
        expect(apart(rest.result), `from step ${from.step}`).toEqual(apart(whole.result));
        expect(rest.state).toEqual(whole.state);
        expect(rest.saved).toEqual(whole.saved.slice(at + 1));
        const { steps, troughs } = whole.result.run!;
        expect(rest.result.run!.steps).toEqual(steps.slice(-rest.result.run!.steps.length || steps.length));
        expect(troughs.slice(troughs.length - rest.result.run!.troughs.length)).toEqual(
          rest.result.run!.troughs,
        );
      }
    },
  );

  it('saves when it is aborted, and resumes from there', async () => {
    const whole = await runAll({}, linear);
    for (const stop of [0, 1, 17, 200]) {
      const controller = new AbortController();
      let last: Checkpoint | undefined;
      const trainable = linearTrainable();
      await autoClr(trainable, examples, {
        ...{ steps: 400, validation: examples, signal: controller.signal },
        checkpoint: {
          save(checkpoint) {
            last = checkpoint;
          },
        },
        onEvent: (event) => {
          if (event.type === 'step' && event.step.step === stop) controller.abort();
        },
      });
      expect(last?.step).toBe(stop + 1);
      const rest = await runAll({ from: last! }, linear);
      expect(apart(rest.result)).toEqual(apart(whole.result));
      expect(rest.state).toEqual(whole.state);
    }
  });

  it.each<[string, Options]>([
    ['a decay', {}],
    ['cycles', { plan: 'cycles', stepsPerEpoch: 3, patience: 2, steps: 600 }],
    ['an average', { average: true, stepsPerEpoch: 8 }],
  ])('repeats an evaluation that an abort cut short: %s', async (_, options) => {
    const whole = await runAll(options, linear);
    const { troughs } = whole.result.run!;
    for (const { step: stop } of troughs) {
      const controller = new AbortController();
      let last: Checkpoint | undefined;
      const trainable = linear();
      const { evaluate } = trainable;
      let taken = -1;
      trainable.evaluate = (batches) => {
        if (taken === stop) controller.abort();
        return evaluate(batches);
      };
      await autoClr(trainable, examples, {
        ...{ steps: 400, validation: examples, ...options, signal: controller.signal },
        checkpoint: {
          save(checkpoint) {
            last = checkpoint;
          },
        },
        onEvent: (event) => {
          if (event.type === 'step') taken = event.step.step + 1;
        },
      });
      expect(last?.step).toBe(stop);
      const rest = await runAll({ ...options, from: last! }, linear);
      expect(apart(rest.result)).toEqual(apart(whole.result));
      expect(rest.state).toEqual(whole.state);
    }
  });

  it('saves nothing before the training, so a run that was aborted in the range test starts again', async () => {
    const controller = new AbortController();
    const saved: Checkpoint[] = [];
    const trainable = linearTrainable();
    const options: Options = {
      checkpoint: { every: { steps: 1 }, save: (checkpoint) => void saved.push(checkpoint) },
      onEvent: ({ type }) => {
        if (type === 'sweep') controller.abort();
      },
    };
    await autoClr(trainable, examples, { steps: 400, signal: controller.signal, ...options });
    expect(saved).toEqual([]);
    expect(trainable.state).toEqual({ w: 0, v: 0, updates: 0 });
  });

  it('continues with `train` too, which reads only the state of the model', async () => {
    const { saved, result } = await runAll({}, linear);
    const trainable = linearTrainable();
    const { steps } = result.run!;
    await train(trainable, examples, { policy: result.policy!, steps: steps.length, from: saved[100]! });
    expect(trainable.state).toEqual(result.best!.snapshot);
  });

  describe('refuses, before it changes anything,', () => {
    const refusal = async (options: Options) => {
      const trainable = linearTrainable();
      const all = { steps: 400, validation: examples, ...options };
      const error = await autoClr(trainable, examples, all).catch((reason: Error) => reason);
      expect(trainable.seen.length).toBe(0);
      return (error as Error).message;
    };

    it('a checkpoint of train, and other values', async () => {
      const snapshot = { w: 0, v: 0, updates: 0 };
      for (const from of [{ step: 3, snapshot }, null, 7, 'run.safetensors', { autoClr: {} }]) {
        expect(await refusal({ from: from as never })).toMatch(
          /^\[clr\/core\] Expected from to be a checkpoint that autoClr saved/,
        );
      }
    });

    it('other options than those of the run that saved it', async () => {
      const { saved } = await runAll({ stepsPerEpoch: 7 }, linear);
      const same: Options = { from: saved[5]!, stepsPerEpoch: 7 };
      expect(await refusal({ ...same, steps: 500 })).toBe(
        '[clr/core] Expected steps as in the run that the checkpoint continues: 400.\n' +
          'Received: steps: 500\nTo train with other options, start without `from`.',
      );
      const others: Options[] = [
        { plan: 'wsd' },
        { plan: wsd({ maxLr: 1, steps: 50 }) },
        { verdict: true },
        { stepsPerEpoch: 8 },
        { average: true },
        { patience: 3 },
        { updatesPerRate: 5 },
        { stopAtTrough: { aborted: false } },
        { validation: undefined as never },
      ];
      for (const other of others) expect(await refusal({ ...same, ...other })).toContain('as in the run');
      const { validation: _, ...rest } = { validation: examples, ...same };
      const again = await autoClr(linearTrainable(), examples, {
        ...{ steps: 400, ...rest, validation: [...examples], verdict: false, average: false },
      });
      expect(again.best).toBeDefined();
    });

    it('options of the checkpoint that cannot be used', async () => {
      expect(await refusal({ checkpoint: {} as never })).toContain('checkpoint.save to be a function');
      const save = () => {};
      expect(await refusal({ checkpoint: { every: { steps: 0 }, save } })).toContain(
        'checkpoint.every.steps',
      );
    });
  });
});
