/**
 * Runs experiments of the paper. Each can be stopped at any moment (Ctrl-C, kill, power failure). Started again, it
 * continues and ends with the same bits as an uninterrupted run. A finished run is stored in traces/ and not repeated.
 *
 * npx tsx paper/run.ts --list
 * npx tsx paper/run.ts quick triangular2 [--seed 1] [--threads 2]
 * npx tsx paper/run.ts small-triangular2 small-drop --check   # compares with stored traces; exits with 1 if different
 */
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { abortOnInterrupt, fileStore } from '@clr/checkpoint/node';
import { autoClr, type CustomSchedule, type Policy, toSchedule, train } from '@clr/core';
import { loadCifar } from './data.ts';
import { type Experiment, experimentNamed, experiments } from './experiments.ts';
import { createNet } from './net.ts';
import { createProgress } from './progress.ts';
import { blockSteps, hasTrace, readTraces, type Trace, writeTrace } from './trace.ts';

/** The data in a checkpoint besides the state. */
interface Progressed {
  /** The sum of the losses of each block of steps. */
  readonly sums: readonly number[];
  readonly looks: Trace['looks'];
  readonly seconds: number;
}

/** The data in a checkpoint of an `auto` run besides the state. */
interface AutoProgressed extends Omit<Progressed, 'looks'> {
  /** The updates of the range test. */
  readonly tested: number;
}

const folder = fileURLToPath(new URL('../../.cache/paper/', import.meta.url));

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    list: { type: 'boolean' },
    seed: { type: 'string', default: '1' },
    threads: { type: 'string' },
    check: { type: 'boolean' },
  },
});

/**
 * The largest accepted difference in accuracy between a repeated run and the mean of the stored runs. Processors round
 * differently, so runs end differently.
 */
const tolerance = 0.02;

if (values.list || positionals.length === 0) {
  for (const { name, steps, what } of experiments)
    console.log(`${name.padEnd(22)} ${String(steps).padStart(6)} steps  ${what}`);
} else {
  const seed = Number(values.seed);
  if (!Number.isSafeInteger(seed)) throw new Error(`--seed must be an integer. Received: ${values.seed}`);
  const chosen = positionals.map(experimentNamed);
  const { signal } = abortOnInterrupt();
  for (const experiment of chosen) if (!signal.aborted) await run(experiment, seed, signal);
}

/** The policy cut into cycles of `lookEvery` steps, because `train` evaluates at the end of each cycle. */
function withLooks(policy: Policy, lookEvery: number): CustomSchedule {
  const { lr, momentum } = toSchedule(policy);
  return {
    ...{ lr, momentum },
    position(step) {
      const cycle = Math.floor(step / lookEvery);
      return { cycle, phase: (step % lookEvery) / lookEvery, cycleEnd: (cycle + 1) * lookEvery };
    },
  };
}

async function run(experiment: Experiment, seed: number, signal: AbortSignal): Promise<void> {
  const { name, steps, net, optimizer, batch, images, policy, lookEvery } = experiment;
  if (policy === 'auto') return runAuto(experiment, seed, signal);
  if (!values.check && hasTrace(name, seed)) return console.log(`${name}, seed ${seed}: done already.`);
  mkdirSync(folder, { recursive: true });
  const sharedStart = (of: string, after: number): string =>
    `${folder}${of}-seed${seed}-${after}.safetensors`;
  const path = `${folder}${name}-seed${seed}${values.check ? '-check' : ''}.safetensors`;
  const store = fileStore(path);
  const { startsAs } = experiment;
  let from = await store.load();
  if (!from && startsAs) from = await fileStore(sharedStart(startsAs.experiment, startsAs.steps)).load();
  const before = from?.extra as unknown as Progressed | undefined;
  const sums = [...(before?.sums ?? [])];
  const looks = [...(before?.looks ?? [])];
  const cifar = await loadCifar(images);
  const trainer = await createNet({
    ...{ net, seed, optimizer },
    ...(values.threads && { threads: Number(values.threads) }),
  });
  const progress = createProgress(name, steps, from?.step ?? 0);
  const began = Date.now();
  const seconds = (): number => Math.round((before?.seconds ?? 0) + (Date.now() - began) / 1000);
  try {
    // Other experiments may begin with the same steps. The run pauses at the step from which they differ, and keeps its
    // checkpoint for them.
    const pauses = experiments.flatMap(({ startsAs }) =>
      startsAs?.experiment === name ? startsAs.steps : [],
    );
    const ends = [...new Set([...pauses, steps])].filter((end) => end > (from?.step ?? 0));
    for (const end of ends.sort((a, b) => a - b)) {
      const { stopped, step, final } = await train(trainer, () => cifar.batches(batch), {
        policy: withLooks(policy, lookEvery),
        steps: end,
        ...(from && { from }),
        signal,
        evaluate: cifar.test,
        checkpoint: {
          every: { seconds: 60 },
          async save(checkpoint) {
            from = { ...checkpoint, extra: { sums, looks, seconds: seconds() } };
            await store.save(from);
          },
        },
        onStep({ step, loss }) {
          const block = Math.floor(step / blockSteps);
          sums[block] = (sums[block] ?? 0) + (loss ?? Number.NaN);
          progress.update(step + 1, looks.at(-1)?.accuracy);
        },
        onCycleEnd({ step, loss, accuracy }) {
          looks.push({ step, loss: rounded(loss), accuracy: rounded(accuracy) });
        },
      });
      if (stopped?.reason === 'aborted') {
        console.log(`\n${name}: stopped after ${step} steps. The same command resumes it.`);
        return;
      }
      // A run whose length is no multiple of `lookEvery` ends between two evaluations.
      if (final && looks.at(-1)?.step !== step) {
        looks.push({
          step,
          loss: rounded(final.loss as number),
          accuracy: rounded(final.accuracy as number),
        });
      }
      if (pauses.includes(end)) copyFileSync(path, sharedStart(name, end));
    }
    rmSync(path, { force: true });
    if (values.check) return compareWithKept(name, looks);
    writeTrace({
      ...{ experiment: name, seed, looks, seconds: seconds() },
      losses: sums.map((sum) => (Number.isFinite(sum) ? rounded(sum / blockSteps) : null)),
      processor: cpus()[0]?.model ?? 'unknown',
    });
    const last = looks.at(-1);
    console.log(
      `\n${name}, seed ${seed}: ${(100 * (last?.accuracy ?? Number.NaN)).toFixed(2)} % after ${steps} steps, test loss ${last?.loss}`,
    );
  } finally {
    progress.stop();
    await trainer.dispose();
  }
}

/** Lets `autoClr` find the rate and train. The steps of the range test count in the budget. */
async function runAuto(experiment: Experiment, seed: number, signal: AbortSignal): Promise<void> {
  const { name, steps, net, optimizer, batch, images } = experiment;
  if (hasTrace(name, seed)) return console.log(`${name}, seed ${seed}: done already.`);
  mkdirSync(folder, { recursive: true });
  const path = `${folder}${name}-seed${seed}.safetensors`;
  const store = fileStore(path);
  const from = await store.load();
  const before = from?.extra as unknown as AutoProgressed | undefined;
  let sums = [...(before?.sums ?? [])];
  let tested = before?.tested ?? 0;
  const cifar = await loadCifar(images);
  const trainer = await createNet({
    ...{ net, seed, optimizer },
    ...(values.threads && { threads: Number(values.threads) }),
  });
  const progress = createProgress(name, steps, tested + (from?.step ?? 0));
  const began = Date.now();
  const seconds = (): number => Math.round((before?.seconds ?? 0) + (Date.now() - began) / 1000);
  try {
    const { policy, run, trace, finding } = await autoClr(trainer, () => cifar.batches(batch), {
      ...{ steps, signal, stepsPerEpoch: images / batch },
      ...(from && { from }),
      checkpoint: {
        every: { seconds: 60 },
        save: (checkpoint) => store.save({ ...checkpoint, extra: { sums, tested, seconds: seconds() } }),
      },
      onEvent(event) {
        if (event.type === 'sweep') progress.update(++tested, undefined);
        if (event.type !== 'step') return;
        const { step, loss } = event.step;
        // A run that diverged starts again.
        if (step === 0) sums = [];
        const block = Math.floor(step / blockSteps);
        sums[block] = (sums[block] ?? 0) + (loss ?? Number.NaN);
        progress.update(tested + step + 1, undefined);
      },
    });
    if (signal.aborted) return console.log(`\n${name}: stopped. The same command resumes it.`);
    if (!policy || !run) throw new Error(`autoClr trained nothing: ${finding.reasons.join(' ')}`);
    const { loss, accuracy } = await trainer.evaluate(cifar.test);
    const meanOf = (sum: number, block: number): number | null => {
      const mean = sum / Math.min(blockSteps, run.step - block * blockSteps);
      return Number.isFinite(mean) ? rounded(mean) : null;
    };
    rmSync(path, { force: true });
    writeTrace({
      ...{ experiment: name, seed },
      looks: [{ step: steps, loss: rounded(loss), accuracy: rounded(accuracy) }],
      seconds: seconds(),
      losses: sums.map(meanOf),
      processor: cpus()[0]?.model ?? 'unknown',
      auto: {
        policy,
        testSteps: (trace.coarse ?? []).length + trace.points.length,
        suggestion: finding.suggestion,
        reasons: finding.reasons,
      },
    });
    console.log(
      `\n${name}, seed ${seed}: ${(100 * (accuracy ?? Number.NaN)).toFixed(2)} % after ${steps} steps in all`,
    );
  } finally {
    progress.stop();
    await trainer.dispose();
  }
}

/** Compares the last accuracy of a repeated run with those of the stored traces. */
function compareWithKept(name: string, looks: Trace['looks']): void {
  const last = (of: Trace['looks']): number => of.at(-1)?.accuracy ?? Number.NaN;
  const kept = readTraces()
    .filter(({ experiment }) => experiment === name)
    .map((trace) => last(trace.looks));
  const mean = kept.reduce((sum, accuracy) => sum + accuracy, 0) / kept.length;
  const near = Math.abs(last(looks) - mean) <= tolerance;
  const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
  console.log(
    `\n${name}: ${percent(last(looks))}, kept ${kept.map(percent).join(' and ') || 'none'}: ${near ? 'as before' : `more than ${percent(tolerance)} away`}`,
  );
  if (!near) process.exitCode = 1;
}

function rounded(value: number | null | undefined): number {
  return Number((value ?? Number.NaN).toPrecision(6));
}
