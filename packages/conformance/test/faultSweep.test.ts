import { autoClr, type Checkpoint, ClrError, rangeTest, train, triangular } from '@clr/core';
import { describe, expect, it } from 'vitest';
import {
  type Asked,
  abortedAfter,
  type Failure,
  type Fault,
  type Faulty,
  failures,
  faulty,
} from '../src/faults.ts';
import {
  type ReferenceBatch,
  type ReferenceTrainable,
  referenceTrainable,
} from '../src/reference/referenceTrainable.ts';

/** Points around a centre for each class, so that a model can learn them and a range test finds a rate. */
const batches = Array.from({ length: 6 }, (_, batch): ReferenceBatch => {
  const classes = Array.from({ length: 6 }, (_, example) => (example + batch) % 3);
  const features = classes.map((label, example) =>
    Array.from(
      { length: 4 },
      (_, axis) => 2 * Math.sin(7 * label + 3 * axis) + Math.sin(31 * batch + 17 * example + 5 * axis),
    ),
  );
  return { features, classes };
});
const policy = triangular({ baseLr: 0.05, maxLr: 0.2, stepSize: 4, momentum: { base: 0.3, max: 0.6 } });
const saved: Checkpoint[] = [];

/** Calls core with the reference model and batches that contain the fault. */
type Work = (run: Faulty<ReferenceBatch>, signal: { readonly aborted: boolean }) => Promise<unknown>;

const works: Readonly<Record<string, Work>> = {
  train: ({ trainable, batches: of, evaluated }, signal) =>
    train(trainable, of, {
      policy,
      steps: 30,
      evaluate: evaluated,
      signal,
      checkpoint: { every: { steps: 3 }, save: (checkpoint) => void saved.push(checkpoint) },
    }),
  rangeTest: ({ trainable, batches: of, evaluated }, signal) =>
    rangeTest(trainable, of, { startLr: 1e-3, endLr: 10, steps: 30, validation: evaluated, signal }),
  'rangeTest with probes': ({ trainable, batches: of, evaluated }, signal) =>
    rangeTest(trainable, of, {
      startLr: 1e-3,
      endLr: 1,
      steps: 8,
      updatesPerRate: 3,
      validation: evaluated,
      signal,
    }),
  autoClr: ({ trainable, batches: of, evaluated }, signal) =>
    autoClr(trainable, of, { steps: 240, validation: evaluated, signal }),
  'autoClr with cycles and a verdict': ({ trainable, batches: of, evaluated }, signal) =>
    autoClr(trainable, of, { steps: 240, validation: evaluated, plan: 'cycles', verdict: true, signal }),
};

const fresh = (): ReferenceTrainable => referenceTrainable({ features: 4, classes: 3, momentum: 0.9 });
const state = ({ weights, velocity }: ReferenceTrainable): string =>
  JSON.stringify([[...weights], [...velocity]]);
/** Records the state at every snapshot. If autoClr fails, the model may be in any of these states. */
function remembering(model: ReferenceTrainable): Set<string> {
  const states = new Set([state(model)]);
  const { snapshot } = model;
  model.snapshot = async () => {
    states.add(state(model));
    return snapshot();
  };
  return states;
}

/** The states after each update of `train` without faults. */
async function statesOfTrain(): Promise<string[]> {
  const model = fresh();
  const states = [state(model)];
  const save = () => void states.push(state(model));
  await train(model, batches, { policy, steps: 30, checkpoint: { every: { steps: 1 }, save } });
  return states;
}

const everyFault = (asked: Asked, calls: number): Fault[] =>
  Array.from({ length: calls }, (_, call) =>
    failures[asked].map((failure) => ({ asked, call, failure })),
  ).flat();

describe.each(Object.entries(works))('%s', (name, work) => {
  /** Runs the work with a fault and returns what is wrong with the outcome, if anything. */
  async function outcome(
    fault: Fault | undefined,
    reads: number,
    trained: readonly string[],
  ): Promise<string | undefined> {
    saved.length = 0;
    const model = fresh();
    const start = state(model);
    const kept = remembering(model);
    const run = faulty<ReferenceBatch>(model, batches, fault);
    const error = await work(run, abortedAfter(reads)).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (error !== undefined && !(error instanceof ClrError)) return `threw ${String(error)}`;
    const silent: readonly Failure[] = ['gives NaN'];
    if (fault && !silent.includes(fault.failure) && run.calls[fault.asked] > fault.call && !error) {
      return 'no error';
    }
    const text = (error as ClrError | undefined)?.message ?? '';
    if (error && !/^\[[^\]]+\] Expected .+\.\nReceived: .+\n.+/s.test(text))
      return `an error of another shape: ${text}`;
    const now = state(model);
    if (name === 'train') {
      if (now !== trained[run.updates]) return `not the weights after ${run.updates} updates`;
      const from = saved.at(-1);
      if (!from) return undefined;
      const other = fresh();
      await train(other, batches, { policy, steps: 30, from });
      return state(other) === trained[30] ? undefined : 'a checkpoint that resumes with other bits';
    }
    if (fault?.asked === 'restore' && /The model (was not restored|is not in its best state)/.test(text))
      return undefined;
    if (name.startsWith('autoClr')) return kept.has(now) ? undefined : 'a state that was never saved';
    return now === start ? undefined : 'a changed model';
  }

  it('leaves the right state after a fault in any call', async () => {
    const trained = await statesOfTrain();
    const counts = faulty<ReferenceBatch>(fresh(), batches);
    const whole = await work(counts, { aborted: false });
    // Without faults, autoClr must get as far as its training, or no fault would happen there.
    if (name.startsWith('autoClr')) expect(whole).toHaveProperty('run');
    const findings: string[] = [];
    let faults = 0;
    for (const asked of Object.keys(failures) as Asked[]) {
      for (const fault of everyFault(asked, Math.min(counts.calls[asked], 60))) {
        faults++;
        const wrong = await outcome(fault, Infinity, trained);
        if (wrong) findings.push(`call ${fault.call} of ${asked} ${fault.failure}: ${wrong}`);
      }
    }
    console.log(`${name}: ${faults} faults, ${findings.length} findings`);
    expect(findings.join('\n')).toBe('');
    expect(faults).toBeGreaterThan(100);
  });

  it('leaves the right state after an abort at any read of the signal', async () => {
    const trained = await statesOfTrain();
    const signal = abortedAfter(Infinity);
    await work(faulty<ReferenceBatch>(fresh(), batches), signal);
    const findings: string[] = [];
    for (let reads = 0; reads <= signal.looks; reads += Math.ceil(signal.looks / 400)) {
      const wrong = await outcome(undefined, reads, trained);
      if (wrong) findings.push(`look ${reads}: ${wrong}`);
    }
    console.log(`${name}: ${signal.looks} aborts, ${findings.length} findings`);
    expect(findings.join('\n')).toBe('');
  });
});
