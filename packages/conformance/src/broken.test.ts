import { checkHyperparameters, type Hyperparameters } from '@clr/core';
import { describe, expect, it } from 'vitest';
import { fail } from './assert.ts';
import { referenceSubject } from './reference/referenceSubject.ts';
import type { ReferenceBatch, ReferenceTrainable } from './reference/referenceTrainable.ts';
import type { Subject, TestModel } from './subject.ts';
import { trainableChecks } from './trainableChecks.ts';

/** Adds a flaw to a model in place. */
type Flaw = (model: ReferenceTrainable, live: { count: number }) => void;

/** The reference model with a flaw. It counts the resources it acquires. */
function flawed(flaw: Flaw): Subject<ReferenceBatch> {
  const live = { count: 0 };
  const spoil = (create: () => unknown) => () => {
    const { trainable } = create() as { trainable: ReferenceTrainable };
    const { dispose } = trainable;
    live.count += 2;
    trainable.dispose = () => {
      live.count -= 2;
      return dispose();
    };
    flaw(trainable, live);
    return { trainable, weights: () => [trainable.weights.slice()] } satisfies TestModel<ReferenceBatch>;
  };
  return {
    ...referenceSubject,
    create: spoil(() => referenceSubject.create()),
    createWithMomentum: spoil(() => referenceSubject.createWithMomentum?.()),
    createWithHyperparameters: spoil(() => referenceSubject.createWithHyperparameters?.()),
    liveResources: () => live.count,
  };
}

/** Adds to snapshots what a flaw remembers. */
function remembering<Memory extends object>(
  model: ReferenceTrainable,
  read: () => Memory,
  write: (memory: Memory) => void,
): void {
  const { snapshot, restore, average } = model;
  model.snapshot = async () => ({ ...(await snapshot()), ...read() });
  model.average = async (states, weights) => ({
    ...states[states.length - 1],
    ...(await average!(states, weights)),
  });
  model.restore = async (state) => {
    await restore(state);
    write(state as Memory);
  };
}

/**
 * Replaces the hyperparameters of each step. Snapshots include those of the previous step, so that the model has no
 * other flaw.
 */
const acting =
  (change: (hyper: Hyperparameters, before: Hyperparameters | undefined) => Hyperparameters): Flaw =>
  (model) => {
    const { trainStep } = model;
    let before: Hyperparameters | undefined;
    model.trainStep = (batch, hyper) => {
      const changed = change(hyper, before);
      const result = trainStep(batch, changed);
      before = hyper;
      return result;
    };
    remembering(
      model,
      () => ({ before }),
      (state) => {
        before = state.before;
      },
    );
  };

/** Runs `more` before every call of a method. */
function also(
  model: ReferenceTrainable,
  method: 'trainStep' | 'snapshot' | 'evaluate',
  more: () => void,
): void {
  const original = model[method] as (...args: unknown[]) => unknown;
  Object.assign(model, {
    [method]: (...args: unknown[]) => {
      more();
      return original(...args);
    },
  });
}

type State = Pick<ReferenceTrainable, 'weights' | 'velocity'>;

const rate = 'uses the rate of the current step';
const proportional = 'moves the weights in proportion to the rate';
const momentum = 'applies the momentum of the current step';
const further = 'applies the weight decay and the clipping of the current step';
const metrics = 'returns the metrics of the batch before the update';
const policy = 'trains under a policy like a loop of trainStep';
const snapshot = 'takes snapshots that later steps do not change';
const restore = 'restores the optimizer with the weights';
const resume = 'resumes a run bit for bit';
const rangeTest = 'is unchanged after a range test, however the test ends';
const abort = 'stops between two steps when aborted';
const foreign = 'refuses foreign snapshots and stays unchanged';
const faults = 'keeps its state whichever call fails in a run or a range test';
const average = 'averages the weights of snapshots';
const predict = 'predicts the outputs that evaluate scores';
const sharpness = 'measures the batch sharpness';
const evaluate = 'changes nothing in evaluate';
const weighted = 'weights the batches of an evaluation by their size';
const bad = 'refuses a bad batch and stays unchanged';
const badHyper = 'refuses bad hyperparameters and stays unchanged';
const alone = 'shares nothing with another model';
const leaks = 'leaks nothing';
const constant = 'says what the best constant answer achieves';
const start = 'gives the same bits from the same start';
const kind = 'declares the right update kind, or none';

/** Accepts a hyperparameter and ignores it. */
const ignoring =
  (name: 'weightDecay' | 'clipNorm'): Flaw =>
  (model) => {
    const { trainStep } = model;
    model.trainStep = (batch, hyper) => {
      checkHyperparameters(hyper, model.updateKind, model.hyperparameters);
      const { [name]: _, ...rest } = hyper;
      return trainStep(batch, rest);
    };
  };

const sharedSlots = new Float32Array(15);

const flaws: readonly (readonly [what: string, failing: readonly string[], flaw: Flaw])[] = [
  ['no flaw', [], () => {}],
  [
    'the declared update kind is wrong',
    [kind],
    (model) => void Object.assign(model, { updateKind: 'adaptive' }),
  ],
  ['weight decay has no effect', [further], ignoring('weightDecay')],
  ['clipping has no effect', [further], ignoring('clipNorm')],
  [
    'the accepted hyperparameters are not declared',
    [further],
    (model) => void Object.assign(model, { hyperparameters: [] }),
  ],
  [
    'the rate of a step acts one step late',
    [rate, badHyper],
    acting((hyper, before) => ({ ...hyper, lr: before?.lr ?? hyper.lr })),
  ],
  [
    'an evaluation without batches gives NaN',
    [weighted],
    (model) => {
      const { evaluate } = model;
      model.evaluate = (batches) => evaluate(batches).catch(() => ({ loss: Number.NaN }));
    },
  ],
  [
    'an invalid rate counts as 0',
    [badHyper],
    acting((hyper) => (hyper.lr >= 0 && Math.fround(hyper.lr) < Infinity ? hyper : { ...hyper, lr: 0 })),
  ],
  [
    'a momentum is ignored if the model has no velocity',
    [badHyper],
    (model) => {
      const { trainStep, updateKind } = model;
      model.trainStep = (batch, hyper) =>
        trainStep(batch, updateKind === 'sgd' ? { ...hyper, momentum: 0 } : hyper);
    },
  ],
  [
    'a bad rate halves the velocity before it is refused',
    [badHyper],
    (model) => {
      const { trainStep } = model;
      model.trainStep = (batch, hyper) => {
        if (!(hyper.lr >= 0)) model.velocity = model.velocity.map((value) => value / 2);
        return trainStep(batch, hyper);
      };
    },
  ],
  [
    'the rate is ignored',
    [rate, proportional, badHyper, sharpness],
    acting((hyper) => ({ ...hyper, lr: 0.1 })),
  ],
  [
    'the rate is squared',
    [proportional, badHyper, sharpness],
    acting((hyper) => ({ ...hyper, lr: hyper.lr ** 2 * 10 })),
  ],
  ['the momentum is ignored', [momentum, badHyper], acting(({ momentum: _, ...hyper }) => hyper)],
  [
    'the momentum of a step acts one step late',
    [momentum, badHyper],
    acting((hyper, before) => ({ ...hyper, momentum: before?.momentum ?? 0 })),
  ],
  [
    'in a fresh model, a scheduled momentum counts as the optimizer’s own',
    [resume],
    (model) => {
      const { trainStep } = model;
      let current = model.momentum ?? 0;
      let own: number | undefined;
      model.trainStep = (batch, hyper) => {
        if (hyper.momentum !== undefined) own ??= current;
        const momentum = hyper.momentum === undefined ? (own ?? current) : hyper.momentum;
        const result = trainStep(batch, { ...hyper, momentum });
        current = momentum;
        return result;
      };
      remembering(
        model,
        () => ({ current }),
        (state) => {
          current = state.current;
        },
      );
    },
  ],
  [
    'a snapshot fits only the model that made it',
    [resume],
    (model) => {
      const owner = Math.random();
      remembering(
        model,
        () => ({ owner }),
        (state) => {
          if (state.owner !== owner) throw fail('a snapshot of this model', 'another', 'Pass one of this.');
        },
      );
    },
  ],
  [
    'the loss is the one after the update',
    [metrics],
    (model) => {
      const { trainStep, evaluate } = model;
      model.trainStep = async (batch, hyper) => {
        await trainStep(batch, hyper);
        return evaluate([batch]);
      };
    },
  ],
  [
    'the loss is a sum, not a mean',
    [metrics],
    (model) => {
      const { trainStep } = model;
      model.trainStep = async (batch, hyper) => {
        const { loss } = await trainStep(batch, hyper);
        return { loss: (await loss) * batch.classes.length };
      };
    },
  ],
  [
    'one step in four is skipped when losses are not awaited at once',
    [policy, resume, abort, faults],
    (model) => {
      const { trainStep } = model;
      let unread = 0;
      model.trainStep = (batch, hyper) => {
        const { loss } = trainStep(batch, unread > 3 ? { ...hyper, lr: 0 } : hyper) as { loss: number };
        unread++;
        return {
          loss: new Promise((resolve) => setTimeout(() => resolve(loss), 1)).finally(
            () => unread--,
          ) as Promise<number>,
        };
      };
    },
  ],
  [
    'a snapshot holds the live weights',
    [snapshot, restore, resume, rangeTest, faults, average],
    (model) => {
      model.snapshot = async () => ({ weights: model.weights, velocity: model.velocity.slice() });
    },
  ],
  [
    "restore uses the snapshot's arrays as the live weights",
    [snapshot, resume],
    (model) => {
      const { restore } = model;
      model.restore = async (state) => {
        await restore(state);
        model.weights = (state as State).weights;
        model.velocity = (state as State).velocity.slice();
      };
    },
  ],
  [
    'restore keeps the snapshot and copies it at the next step',
    [snapshot],
    (model) => {
      const { restore, trainStep, velocity } = model;
      let kept: State | undefined;
      model.restore = async (state) => {
        await restore(state);
        kept = state as State;
      };
      model.trainStep = (batch, hyper) => {
        if (kept && kept.velocity !== velocity) model.velocity.set(kept.velocity);
        kept = undefined;
        return trainStep(batch, hyper);
      };
    },
  ],
  [
    'a step without momentum keeps the momentum of the step before',
    [momentum, badHyper],
    acting((hyper, before) => ({ ...hyper, momentum: hyper.momentum ?? before?.momentum ?? 0 })),
  ],
  [
    'restore forgets the slots',
    [snapshot, restore, foreign, resume, rangeTest, faults, average],
    (model) => {
      model.restore = async (state) => model.weights.set((state as State).weights);
    },
  ],
  [
    'restore rounds the weights',
    [snapshot, restore, resume, rangeTest, faults, average],
    (model) => {
      const { restore } = model;
      model.restore = async (state) => {
        await restore(state);
        model.weights = model.weights.map((value) => Math.round(value * 1e5) / 1e5);
      };
    },
  ],
  [
    'snapshot also takes a training step',
    [snapshot, foreign, resume, rangeTest, faults, average],
    (model) => also(model, 'snapshot', () => void model.trainStep(referenceSubject.batches[0]!, { lr: 0.1 })),
  ],
  [
    'evaluate also takes a training step',
    [faults, evaluate, weighted, predict],
    (model) => also(model, 'evaluate', () => void model.trainStep(referenceSubject.batches[0]!, { lr: 0.1 })),
  ],
  [
    'restore accepts anything',
    [foreign],
    (model) => {
      model.restore = async (state) => {
        const { weights, velocity } = (state ?? {}) as Partial<State>;
        if (weights && 'length' in weights) model.weights.set(weights);
        if (velocity && 'length' in velocity) model.velocity.set(velocity);
      };
    },
  ],
  [
    'restore changes the weights before it checks the slots',
    [foreign],
    (model) => {
      const { restore } = model;
      model.restore = async (state) => {
        model.weights.fill(0);
        return restore(state);
      };
    },
  ],
  [
    'an evaluation that throws leaves the weights frozen',
    [faults],
    (model) => {
      const { evaluate, trainStep } = model;
      let evaluating = false;
      model.evaluate = async (batches) => {
        evaluating = true;
        const metrics = await evaluate(batches);
        evaluating = false;
        return metrics;
      };
      model.trainStep = (batch, hyper) => trainStep(batch, evaluating ? { ...hyper, lr: 0 } : hyper);
    },
  ],
  [
    'evaluate clears the slots',
    [faults, evaluate],
    (model) => also(model, 'evaluate', () => void model.velocity.fill(0)),
  ],
  [
    'evaluate gives every batch the same weight',
    [weighted],
    (model) => {
      const { evaluate } = model;
      model.evaluate = async (batches) => {
        let [loss, accuracy, count] = [0, 0, 0];
        for await (const batch of batches) {
          const metrics = await evaluate([batch]);
          loss += metrics.loss;
          accuracy += metrics.accuracy ?? 0;
          count++;
        }
        return { loss: loss / count, accuracy: accuracy / count };
      };
    },
  ],
  [
    'the batch sharpness is that of another batch',
    [sharpness],
    (model) => {
      const { batchSharpness } = model;
      model.batchSharpness = () => batchSharpness!(referenceSubject.batches[1]!);
    },
  ],
  [
    'the batch sharpness does not put the moved weights back',
    [sharpness],
    (model) => {
      const { batchSharpness } = model;
      model.batchSharpness = async (batch) => {
        const sharp = await batchSharpness!(batch);
        model.weights[0]! += 1e-4;
        return sharp;
      };
    },
  ],
  [
    'the average is just the last snapshot',
    [average],
    (model) => {
      model.average = async (states) => states[states.length - 1]!;
    },
  ],
  [
    'the average ignores the weights of snapshots',
    [average],
    (model) => {
      const { average } = model;
      model.average = (states) => average!(states);
    },
  ],
  [
    'the average is written into the last snapshot',
    [average],
    (model) => {
      const { average } = model;
      model.average = async (states, weights) => {
        const last = states[states.length - 1] as State;
        last.weights.set(((await average!(states, weights)) as State).weights);
        return last;
      };
    },
  ],
  [
    'outputs do not depend on the weights',
    [predict],
    (model) => {
      const { predictBatch } = model;
      let first: ReturnType<NonNullable<typeof predictBatch>> | undefined;
      model.predictBatch = (batch) => {
        first ??= predictBatch!(batch);
        return first;
      };
    },
  ],
  [
    'outputs are scored by the sum of their losses, not the mean',
    [predict],
    (model) => {
      const { predictBatch } = model;
      model.predictBatch = async (batch) => {
        const prediction = await predictBatch!(batch);
        const score = async (outputs: Float32Array) => {
          const { loss } = await prediction.score(outputs);
          return { loss: loss * prediction.examples };
        };
        return { ...prediction, score };
      };
    },
  ],
  [
    'the constant answer assumes equally frequent classes, and the accuracy is 1',
    [constant],
    (model) => {
      model.constantAnswer = async () => ({ loss: Math.log(3), accuracy: 1 });
    },
  ],
  [
    'the loss of the constant answer is in bits',
    [constant],
    (model) => {
      const { constantAnswer } = model;
      model.constantAnswer = async (batches) => {
        const { loss, ...rest } = (await constantAnswer!(batches))!;
        return { ...rest, loss: loss / Math.LN2 };
      };
    },
  ],
  [
    'computing the constant answer changes the model',
    // A range test asks for the constant answer before its first step.
    [constant, rangeTest],
    (model) => {
      const { constantAnswer } = model;
      model.constantAnswer = (batches) => {
        model.weights.fill(0);
        return constantAnswer!(batches);
      };
    },
  ],
  [
    'a bad batch changes a weight before it is refused',
    [bad],
    (model) => {
      const { trainStep } = model;
      model.trainStep = (batch, hyper) => {
        const row = batch?.features?.[0];
        if (row?.length === 3) model.weights[0]! += row[0]!;
        return trainStep(batch, hyper);
      };
    },
  ],
  [
    'a bad batch spoils the slots',
    [bad],
    (model) => {
      const { trainStep } = model;
      model.trainStep = (batch, hyper) => {
        if (batch?.classes?.[0] === 3) model.velocity.fill(1);
        return trainStep(batch, hyper);
      };
    },
  ],
  [
    'a bad batch is accepted',
    [bad],
    (model) => {
      const { trainStep } = model;
      model.trainStep = (batch, hyper) => (batch?.classes?.[0] === 3 ? { loss: 0 } : trainStep(batch, hyper));
    },
  ],
  [
    'a bad batch is refused with an unhelpful message',
    [bad],
    (model) => {
      const { trainStep } = model;
      model.trainStep = (batch, hyper) => {
        if (!batch?.classes) throw new TypeError('undefined');
        return trainStep(batch, hyper);
      };
    },
  ],
  ['every step leaks', [leaks], (model, live) => also(model, 'trainStep', () => void live.count++)],
  ['every snapshot leaks', [leaks], (model, live) => also(model, 'snapshot', () => void live.count++)],
  [
    'dispose frees only half of the resources',
    [leaks],
    (model, live) => {
      const { dispose } = model;
      model.dispose = () => {
        live.count++;
        return dispose();
      };
    },
  ],
  [
    'the initial weights are random',
    [
      start,
      proportional,
      momentum,
      further,
      policy,
      foreign,
      resume,
      rangeTest,
      abort,
      faults,
      evaluate,
      bad,
      badHyper,
      alone,
      sharpness,
    ],
    (model) => {
      model.weights = model.weights.map((value) => value + Math.random() * 0.01);
    },
  ],
  [
    'all models share their slots',
    [alone],
    (model) => {
      sharedSlots.fill(0);
      model.velocity = sharedSlots;
    },
  ],
];

it('has a flaw for every check', () => {
  const known = new Set(flaws.flatMap(([, failing]) => failing));
  expect(trainableChecks(flawed(() => {})).map(({ name }) => name)).toEqual(
    expect.arrayContaining([...known]),
  );
  expect(known.size).toBe(trainableChecks(referenceSubject).length);
});

describe('a flawed adapter fails exactly the checks about its flaw', () => {
  it.each(flaws)('%s', async (_, failing, flaw) => {
    const failed: string[] = [];
    for (const check of trainableChecks(flawed(flaw))) {
      await check.run().catch((error: Error) => {
        expect(error.message).toMatch(/^\[clr\/(conformance|core)\] Expected .+\nReceived: .+\n.+/s);
        failed.push(check.name);
      });
    }
    expect(failed.sort()).toEqual([...failing].sort());
  });
});
