import { type Checkpoint, ClrError, rangeTest, train, triangular } from '@clr/core';
import { fail, sameBits } from '../assert.ts';
import type { TrainableCheck } from '../check.ts';
import { type Asked, abortedAfter, type Fault, failures, faulty } from '../faults.ts';
import { hyperparameters, rateOf, richest, step, withModel } from '../model.ts';
import type { Subject, TestModel, Weights } from '../subject.ts';

const length = 10;

/** The policy of the run. Its troughs are at steps 4 and 8. */
function policyOf<Batch>(subject: Subject<Batch>) {
  const maxLr = rateOf(subject);
  const momentum = subject.createWithMomentum && { base: 0.3, max: 0.6 };
  return triangular({ baseLr: maxLr / 4, maxLr, stepSize: 2, ...(momentum && { momentum }) });
}

/** The weights after each step of a run without faults or evaluations. */
async function undisturbed<Batch>(subject: Subject<Batch>): Promise<readonly Weights[]> {
  return withModel(richest(subject), async (model) => {
    const states = [await model.weights()];
    await train(model.trainable, subject.batches, {
      policy: policyOf(subject),
      steps: length,
      // Saving waits for the step, so these are exactly the weights after it.
      checkpoint: { every: { steps: 1 }, save: async () => void states.push(await model.weights()) },
    });
    if (states.length <= length) {
      throw fail(
        'a rate at which a run does not diverge',
        `rate = ${rateOf(subject)}, at which it ends after ${states.length - 1} steps`,
        'Give the subject a lower rate.',
      );
    }
    return states;
  });
}

/** The faults to inject: for each kind of call, each of the given call numbers and each way of failing. */
function* faultsOf(asked: readonly Asked[], calls: readonly number[]): Generator<Fault> {
  for (const each of asked) {
    for (const call of calls) for (const failure of failures[each]) yield { asked: each, call, failure };
  }
}

/** Whichever call fails in a run or a range test, the model is in the right state, and a checkpoint can be resumed. */
export const keepsStateOnFaults: TrainableCheck = {
  name: 'keeps its state whichever call fails in a run or a range test',
  async run<Batch>(subject: Subject<Batch>) {
    const states = await undisturbed(subject);
    for (const fault of faultsOf(
      ['trainStep', 'evaluate', 'snapshot', 'batch', 'evaluated batch'],
      [0, 1, 5],
    )) {
      await trainsThrough(subject, states, fault);
    }
    for (let reads = 0; reads < 24; reads += 3) await trainsThrough(subject, states, reads);
    const next = await withModel(richest(subject), (model) => twoSteps(subject, model));
    await withModel(richest(subject), async (model) => {
      for (const fault of faultsOf(
        ['trainStep', 'evaluate', 'snapshot', 'batch', 'evaluated batch'],
        [0, 7],
      )) {
        await sweepsThrough(subject, model, [states[0]!, next], fault);
      }
      for (let reads = 0; reads < 24; reads += 4) {
        await sweepsThrough(subject, model, [states[0]!, next], reads);
      }
    });
  },
};

async function twoSteps<Batch>(subject: Subject<Batch>, model: TestModel<Batch>): Promise<Weights> {
  for (const at of [0, 1]) await step(model, subject.batches[at]!, hyperparameters(subject, at));
  return model.weights();
}

const describe = (fault: Fault | number): string =>
  typeof fault === 'number'
    ? `an abort at read ${fault} of the signal`
    : `call ${fault.call} of ${fault.asked} that ${fault.failure}`;

/** Checks a run with a fault, or with a signal that is aborted after `fault` reads. */
async function trainsThrough<Batch>(
  subject: Subject<Batch>,
  states: readonly Weights[],
  fault: Fault | number,
): Promise<void> {
  await withModel(richest(subject), async (model) => {
    const run = faulty(model.trainable, subject.batches, typeof fault === 'number' ? undefined : fault);
    const saved: Checkpoint[] = [];
    const options = { policy: policyOf(subject), steps: length };
    await settled(
      train(run.trainable, run.batches, {
        ...options,
        evaluate: run.evaluated,
        checkpoint: { every: { steps: 3 }, save: (checkpoint) => void saved.push(checkpoint) },
        ...(typeof fault === 'number' && { signal: abortedAfter(fault) }),
      }),
      fault,
    );
    const said = `a run with ${describe(fault)} to end with the weights after its ${run.updates} updates`;
    sameBits(await model.weights(), states[run.updates]!, said, 'Apply a step completely or not at all.');
    const from = saved.at(-1);
    if (!from) return;
    await train(model.trainable, subject.batches, { ...options, evaluate: subject.batches, from });
    const resumed = `a run resumed after ${describe(fault)} to end with the same bits as a run without it`;
    sameBits(await model.weights(), states[length]!, resumed, 'Leave no changes behind when a call fails.');
  });
}

/** Checks a range test with a fault, or with a signal that is aborted after `fault` reads. */
async function sweepsThrough<Batch>(
  subject: Subject<Batch>,
  model: TestModel<Batch>,
  [start, next]: readonly [start: Weights, afterTwoSteps: Weights],
  fault: Fault | number,
): Promise<void> {
  const run = faulty(model.trainable, subject.batches, typeof fault === 'number' ? undefined : fault);
  const rate = rateOf(subject);
  await settled(
    rangeTest(run.trainable, run.batches, {
      startLr: rate / 100,
      endLr: rate,
      steps: 10,
      validation: run.evaluated,
      ...(typeof fault === 'number' && { signal: abortedAfter(fault) }),
    }),
    fault,
  );
  const said = `a range test with ${describe(fault)} to leave the weights unchanged`;
  sameBits(await model.weights(), start, said, 'Restore every weight in restore().');
  // Slots and counters must be unchanged too, or the next steps would differ.
  const snapshot = await model.trainable.snapshot();
  const after = `the steps after a range test with ${describe(fault)} to be the same as on a fresh model`;
  sameBits(await twoSteps(subject, model), next, after, 'Restore slots and counters in restore().');
  await model.trainable.restore(snapshot);
}

/** Awaits a call. If it rejects, the error must be a `ClrError` with its three parts: expected, received, advice. */
async function settled(call: Promise<unknown>, fault: Fault | number): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (error instanceof ClrError && /^\[[^\]]+\] Expected .+\.\nReceived: .+\n.+/s.test(error.message))
      return;
    throw fail(
      `a ClrError after ${describe(fault)}`,
      String(error),
      'Do not catch errors; core adds the place where they occurred.',
    );
  }
}
