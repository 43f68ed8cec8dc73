import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { abortOnInterrupt, replaceFile } from '@clr/checkpoint/node';
import {
  type Metrics,
  type Policy,
  parsePolicy,
  parseRun,
  train as runTraining,
  type TrainingRun,
} from '@clr/core';
import { describeFinding } from '@clr/report/words';
import { checkOutputs } from '../checkOutputs.ts';
import type { Command, Outcome, OutputFile } from '../command.ts';
import { commandLine } from '../commandLine.ts';
import { UsageError, unusable } from '../errors.ts';
import { digestOf } from '../input/digestOf.ts';
import { nameOf, readJson } from '../input/readJson.ts';
import { readArguments } from '../readArguments.ts';
import { beatsInLossOrAccuracy } from '../training/beatsInLossOrAccuracy.ts';
import { encodingPath, encodingText } from '../training/encodingFile.ts';
import { findPolicy, givenRate, plans, type Start, scaled } from '../training/findPolicy.ts';
import { dataHelp, numberOf, oneOf, trainingFlags, trainingHelp } from '../training/flags.ts';
import { inputPaths } from '../training/inputPaths.ts';
import { createProgress, type Progress } from '../training/progress.ts';
import { type RunFolder, runFolder } from '../training/runFolder.ts';
import { metricsText, type SetUp, setUp } from '../training/setUp.ts';

const flags = {
  ...trainingFlags,
  out: { type: 'string' },
  checkpoint: { type: 'string' },
  auto: { type: 'boolean' },
  lr: { type: 'string' },
  policy: { type: 'string' },
  plan: { type: 'string' },
  keep: { type: 'string' },
  json: { type: 'boolean' },
  quiet: { type: 'boolean' },
} as const;

type TrainValues = ReturnType<typeof readArguments<typeof flags>>['values'];

/** The data about the run that a checkpoint stores besides the state of the model. */
interface Extra {
  readonly command: string;
  readonly policy: Policy;
  readonly steps: number;
  readonly startMetrics?: Metrics;
  readonly bestLoss?: number;
  readonly retries: number;
}

/** The maximum number of evaluations on the validation data during a run. */
const maxLooks = 50;

/** The minimum time between two checkpoints, in milliseconds. */
const saveEvery = 15_000;

/** The number of times that a diverged training is restarted, each time at a quarter of the previous rates. */
const maxRetries = 3;

/** `clr train`: trains a model. */
export const train: Command = {
  flags,
  help: `Usage: clr train <model.onnx> --data <path> --out <trained.onnx> [options]

Trains an ONNX model. Without --lr or --policy a range test finds the learning rate first.

  --out <file>        the trained model; <name>.encoding.json beside it holds the encoding of the data
  --checkpoint <dir>  save the run there: after Ctrl-C or a crash the same command resumes it
  --auto              find the learning rate (the default)
  --plan <name>       the plan of the training: decay (default), cycles, wsd, fixed
  --lr <rate>         a learning rate: a short warm-up to it, then a linear decay to 0
  --policy <file>     a policy of clr, as JSON
  --keep <best|last>  best (default): write the state with the lowest validation loss; last: write the final state
  --json              print the result as JSON, and nothing else
  --quiet             no progress

Data
${dataHelp}

Training
${trainingHelp}

Example
  clr train resnet.onnx --data flowers/ --head auto --freeze body --epochs 12 --out flowers.onnx
  clr new mlp --data houses.csv --target price --out start.onnx
  clr train start.onnx --data houses.csv --epochs 60 --checkpoint run --out houses.onnx
`,

  async run(args) {
    const { values, positionals } = readArguments('train', args, flags);
    const [model, ...others] = positionals;
    if (!model || others.length > 0)
      throw new UsageError('one ONNX model', `${positionals.length} files`, 'train');
    const { out } = values;
    if (!out) throw new UsageError('--out with the name of the trained model', 'no --out', 'train');
    const lr = numberOf('train', 'lr', values.lr, (n) => n > 0, 'a number above 0');
    const plan = oneOf('train', 'plan', values.plan, plans) ?? 'decay';
    const keep = oneOf('train', 'keep', values.keep, ['best', 'last']) ?? 'best';
    const ways = [
      lr !== undefined && '--lr',
      values.policy !== undefined && '--policy',
      values.auto && '--auto',
    ].filter(Boolean);
    if (ways.length > 1)
      throw new UsageError('one of --auto, --lr and --policy', ways.join(' and '), 'train');
    const policy =
      values.policy === undefined
        ? undefined
        : parsePolicy(await readJson(values.policy), nameOf(values.policy));
    if (values.plan !== undefined && (lr !== undefined || policy))
      throw new UsageError(
        '--plan without --lr and --policy, because it needs a range test',
        'both',
        'train',
      );
    // Check this first. If the check failed after the training, the trained model would be lost.
    await checkOutputs([out], inputPaths(values, model));
    const set = await setUp('train', model, values);
    const folder = values.checkpoint === undefined ? undefined : await runFolder(values.checkpoint);
    const command = folder ? await fingerprint(values, model) : '';
    const progress = await createProgress(values.quiet === true || values.json === true);
    const interrupt = abortOnInterrupt();
    try {
      const begin = async (): Promise<Start | Outcome> => {
        if (policy) return { policy, steps: set.steps, snapshot: await set.trainer.snapshot() };
        if (lr !== undefined) return givenRate(set, lr);
        const found = await findPolicy(set, plan, progress, interrupt.signal);
        if (folder) await replaceFile(folder.trace, JSON.stringify(found.trace));
        if ('policy' in found) return found;
        if (interrupt.signal.aborted) return stopped(args, 0, set.steps, folder);
        const words = describeFinding(found.finding).join('\n');
        return {
          text: `${words}\nNothing was trained. Give more --epochs, or a rate: --lr 0.001.`,
          exitCode: 3,
        };
      };
      const run = await runOrResume(set, folder, command, begin, progress, interrupt.signal, keep === 'best');
      if ('text' in run) return run;
      if (run.aborted) return stopped(args, run.step, run.steps, folder);
      return await finished(set, run, model, out, values.json === true);
    } finally {
      interrupt.release();
      progress.stop();
      await set.trainer.dispose();
    }
  },
};

/** Options that only affect the output. */
const outputOptions = ['out', 'json', 'quiet', 'checkpoint'];

/**
 * The identity of a run: its options, and the contents of all files that it reads. Otherwise the steps before and after
 * an interruption could belong to different data.
 */
async function fingerprint(values: TrainValues, model: string): Promise<string> {
  const options = Object.entries(values).filter(([name]) => !outputOptions.includes(name));
  const contents = await Promise.all(inputPaths(values, model).map(digestOf));
  return createHash('sha256')
    .update(JSON.stringify([options.sort(), contents]))
    .digest('hex');
}

interface Ended {
  readonly aborted: boolean;
  readonly step: number;
  readonly steps: number;
  readonly policy: Policy;
  readonly start?: Metrics;
  readonly final?: Metrics;
  readonly keptStart: boolean;
  readonly retries: number;
}

async function runOrResume(
  set: SetUp,
  folder: RunFolder | undefined,
  command: string,
  begin: () => Promise<Start | Outcome>,
  progress: Progress,
  signal: AbortSignal,
  keepBest: boolean,
): Promise<Ended | Outcome> {
  const { trainer, validation } = set;
  const saved = await folder?.checkpoint.load();
  let extra = saved?.extra as Extra | undefined;
  if (saved && extra?.command !== command) {
    throw unusable({
      expected: `the command that began the run in ${folder?.path}`,
      received: 'other options, another model or other data',
      advice: 'Give the same command, or another --checkpoint.',
    });
  }
  let from = saved && { step: saved.step, snapshot: saved.snapshot };
  const untouched = await trainer.snapshot();
  let first: { step: number; snapshot: object } | undefined;
  if (!extra) {
    const startMetrics = await trainer.evaluate(validation);
    if (!Number.isFinite(startMetrics.loss)) await refuseFaults(set);
    const start = await begin();
    if ('text' in start) return start;
    const { policy, steps, snapshot } = start;
    extra = {
      command,
      policy,
      steps,
      retries: 0,
      ...(Number.isFinite(startMetrics.loss) && { startMetrics }),
    };
    from = { step: 0, snapshot };
    first = from;
    // From now on, a resumed run need not repeat the range test.
    await folder?.checkpoint.save({ ...from, extra });
  }
  let state: Extra = extra;
  let best: { loss: number; snapshot: object; metrics: Metrics; kept: boolean } | undefined;
  const look = async (snapshot: object): Promise<void> => {
    if (!keepBest) return;
    const metrics = await trainer.evaluate(validation);
    if (metrics.loss < (best?.loss ?? Infinity))
      best = { loss: metrics.loss, snapshot, metrics, kept: false };
  };
  let written = Date.now();
  let keptStep = from?.step ?? 0;
  const keep = async (step: number, snapshot: object): Promise<void> => {
    if (!folder) return;
    if (best && !best.kept) {
      await folder.best.save({ step, snapshot: best.snapshot, extra: { metrics: best.metrics } });
      best.kept = true;
    }
    await folder.checkpoint.save({ step, snapshot, extra: state });
    [written, keptStep] = [Date.now(), step];
  };
  const keptBest = await folder?.best.load();
  if (keptBest && from && from.step > 0) {
    const { metrics } = keptBest.extra as { metrics: Metrics };
    best = { loss: metrics.loss, snapshot: keptBest.snapshot, metrics, kept: true };
  }
  for (;;) {
    progress.start('training', state.steps, from?.step ?? 0);
    let mean: number | undefined;
    const run = await runTraining(trainer, set.batches(from?.step ?? 0), {
      policy: state.policy,
      steps: state.steps,
      ...(from && { from }),
      ...{ validation, signal },
      ...((folder || keepBest) && {
        checkpoint: {
          every: { steps: Math.max(set.stepsPerEpoch, Math.ceil(state.steps / maxLooks)) },
          async save({ step, snapshot }) {
            // The last step is evaluated anyway.
            if (step < state.steps && !signal.aborted) await look(snapshot);
            if (step < state.steps && !signal.aborted && Date.now() - written < saveEvery) return;
            await keep(step, snapshot);
          },
        },
      }),
      onStep({ step, lr, loss }) {
        if (loss !== null) mean = mean === undefined ? loss : 0.95 * mean + 0.05 * loss;
        progress.update(step + 1, `rate ${lr.toPrecision(3)}  loss ${mean?.toPrecision(3) ?? 'not finite'}`);
      },
    });
    if (folder) await replaceFile(folder.run, JSON.stringify(await joined(folder.run, run, state.policy)));
    const { startMetrics } = state;
    const rest = {
      steps: state.steps,
      policy: state.policy,
      ...(startMetrics && { start: startMetrics }),
      retries: state.retries,
    };
    if (run.stopped?.reason === 'aborted') {
      // Save here too, because the last checkpoint may have been skipped: it came too soon after the one before.
      if (keptStep !== run.step) await keep(run.step, await trainer.snapshot());
      return { aborted: true, step: run.step, keptStart: false, ...rest };
    }
    if (run.stopped?.reason === 'diverged' && !best) {
      if (run.stopped.fault !== undefined) {
        throw unusable({
          expected: 'finite numbers in the data',
          received: run.stopped.fault,
          advice: 'Repair the data.',
        });
      }
      if (state.retries === maxRetries) {
        throw unusable({
          expected: 'a training run that does not diverge',
          received: `a loss that is not finite at step ${run.stopped.step}`,
          advice: 'Give a lower --lr, or look for mistakes in the data.',
        });
      }
      const again = first ?? { step: 0, snapshot: untouched };
      state = { ...state, policy: scaled(state.policy, 1 / 4), retries: state.retries + 1 };
      from = again;
      await folder?.checkpoint.save({ ...again, extra: state });
      continue;
    }
    if (run.final?.loss === null && run.stopped === undefined) {
      throw unusable({
        expected: 'a finite loss on the validation data',
        received: 'NaN or infinity',
        advice: 'Look in the validation data for numbers that are NaN, infinite or very large.',
      });
    }
    const end = run.final && typeof run.final.loss === 'number' ? (run.final as Metrics) : undefined;
    const final = best && (!end || best.loss < end.loss) ? best.metrics : end;
    // If the model was better before the training, keep it unchanged.
    const keptStart = startMetrics !== undefined && final !== undefined && startMetrics.loss < final.loss;
    if (keptStart) await trainer.restore(untouched as never);
    else if (best && final === best.metrics) await trainer.restore(best.snapshot as never);
    return { aborted: false, step: run.step, ...(final && { final }), keptStart, ...rest };
  }
}

/** Refuses validation data with a value that is not finite. `setUp` checks only the first examples. */
async function refuseFaults({ trainer, validation }: SetUp): Promise<void> {
  for await (const batch of validation) {
    const received = trainer.dataFault(batch);
    if (received !== undefined) {
      throw unusable({
        expected: 'finite numbers in the validation data',
        received,
        advice: 'Repair the data.',
      });
    }
  }
}

/** The record of a run. It includes the steps of the earlier process if this run continues them without a gap. */
async function joined(path: string, run: TrainingRun, policy: Policy): Promise<TrainingRun> {
  if (run.from === 0) return run;
  try {
    const before = parseRun(JSON.parse(await readFile(path, 'utf8')), path);
    if (JSON.stringify(before.policy) !== JSON.stringify(policy)) return run;
    const steps = [...before.steps.filter(({ step }) => step < run.from), ...run.steps];
    const troughs = [...before.troughs.filter(({ step }) => step <= run.from), ...run.troughs];
    const whole = steps.every(({ step }, i) => step === before.from + i);
    return whole ? { ...run, from: before.from, steps, troughs } : run;
  } catch {
    return run;
  }
}

function stopped(
  args: readonly string[],
  step: number,
  steps: number,
  folder: RunFolder | undefined,
): Outcome {
  const text = folder
    ? `Stopped after ${step} of ${steps} steps. Resume with:\n  ${commandLine('train', args)}`
    : `Stopped after ${step} of ${steps} steps. Nothing was written. Pass --checkpoint run to make a training resumable.`;
  return { text, exitCode: 130 };
}

async function finished(
  set: SetUp,
  run: Ended,
  model: string,
  out: string,
  asJson: boolean,
): Promise<Outcome> {
  const trained = set.prepared.finish(await set.trainer.exportModel());
  const { encoding, counts, notes } = set;
  const files: OutputFile[] = [
    { path: out, content: trained },
    ...(encoding ? [{ path: encodingPath(out), content: encodingText(encoding) }] : []),
  ];
  const { start, final, keptStart, policy, steps, retries } = run;
  const constant = await set.constantAnswer();
  const written = keptStart ? start : final;
  const noBetter =
    constant !== undefined && written !== undefined && !beatsInLossOrAccuracy(written, constant);
  const result = {
    out,
    ...(constant && { constant }),
    ...(start && { start }),
    ...(final && { final }),
    keptStart,
    policy,
    steps,
    retries,
    examples: counts,
    notes,
  };
  const lines = [
    ...notes,
    `${counts.train} training and ${counts.validation} validation examples; ${steps} steps with batches of ${set.batchSize}.`,
    ...(retries > 0
      ? [`Restarts after divergence: ${retries}, each at a quarter of the previous rates.`]
      : []),
    ...(constant ? [`Best constant answer: ${metricsText(constant, set)}`] : []),
    ...(start ? [`Before: ${metricsText(start, set)}`] : []),
    ...(final ? [`After:  ${metricsText(final, set)}`] : []),
    ...(keptStart ? ['The model was better before the training, so it was written unchanged.'] : []),
    ...(noBetter
      ? ['Warning: on the validation data this model is no better than the best constant answer.']
      : []),
    `Written: ${files.map(({ path }) => path).join(', ')}`,
  ];
  return {
    text: asJson ? JSON.stringify(result, null, 2) : lines.join('\n'),
    inputs: [model],
    files,
  };
}
