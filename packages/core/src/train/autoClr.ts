import { ClrError } from '../errors.ts';
import { integer, stepCount } from '../fields.ts';
import { analyzeRangeTest } from '../rangeTest/analyzeRangeTest.ts';
import { rangeTest } from '../rangeTest/rangeTest.ts';
import type { AutoClrOptions } from './autoClrOptions.ts';
import type { AutoClrResult } from './autoClrResult.ts';
import { type Batches, checkBatches, first, passOf } from './batches.ts';
import { planCycles } from './planCycles.ts';
import { measure } from './recorded.ts';
import { requireMethod } from './requireMethod.ts';
import type { Trainable } from './trainable.ts';
import { trainCycles } from './trainCycles.ts';
import { giveVerdict } from './verdict.ts';
import { warmth } from './warmth.ts';

/**
 * Trains a model with no rate chosen by hand: range test, policy, the paper's comparison of a fixed rate with CLR (the
 * verdict), training (CLR, unless the fixed rate won clearly), and the best trough kept. It notices a model that is
 * already trained, and never leaves it worse on `validation`.
 *
 * If the range test gives no suggestion, it trains nothing and leaves the model unchanged; `finding.reasons` say why.
 *
 * @param batches - and `validation`: iterables that start again each time they are iterated
 * @throws {PolicyError} if a count is not a positive integer
 * @throws {ClrError} as `rangeTest` and `train` do; the model is then at its best trough, or unchanged
 * @see Smith, arXiv 1506.01186, sections 3.2 and 3.3
 *
 * @example
 * ```ts
 * const { best, finding } = await autoClr(trainable, batches, { steps: 600, validation: batches });
 * best ? best.loss < 0.1 : finding.reasons.length > 0; // true
 * ```
 */
export async function autoClr<Batch>(
  trainable: Trainable<Batch>,
  batches: Batches<Batch>,
  options: AutoClrOptions<Batch>,
): Promise<AutoClrResult> {
  const { steps, stepsPerEpoch, validation, verdict: wantsVerdict = true, signal, onEvent } = options;
  for (const name of ['steps', 'stepsPerEpoch', 'probe', 'patience'] as const) {
    if (name === 'steps' || options[name] !== undefined) stepCount(options[name], name);
  }
  if (options.reductions !== undefined) integer(0)(options.reductions, 'reductions');
  checkBatches('batches', batches, true);
  if (validation) checkBatches('validation', validation, true);
  else if (options.patience || options.average || options.ensemble) {
    throw new ClrError('clr/core', {
      expected: 'validation batches, by which patience, average and ensemble judge troughs',
      received: 'none',
      advice: 'Give batches that are not trained on.',
    });
  }
  if (options.average) requireMethod(trainable, 'average');
  if (options.ensemble) requireMethod(trainable, 'predictBatch');

  const cost = { rangeTest: 0, verdict: 0, training: 0 };
  let spending: 'rangeTest' | 'verdict' = 'rangeTest';
  const { updateKind } = trainable;
  const counted: Trainable<Batch> = {
    ...(updateKind && { updateKind }),
    trainStep(batch, hyper) {
      cost[spending]++;
      return trainable.trainStep(batch, hyper);
    },
    evaluate: (of) => trainable.evaluate(of),
    snapshot: () => trainable.snapshot(),
    restore: (snapshot) => trainable.restore(snapshot),
    dispose() {},
  };
  const common = signal ? { signal } : {};

  const start = validation && (await measure(trainable, validation, 'before any step', signal));
  // A range test sees only training batches, so measure the model on those.
  const some = first(passOf(batches, 0), 20);
  const warm = warmth(await measure(trainable, some, 'before any step', signal));
  const test = async (probe: number): Promise<Pick<AutoClrResult, 'trace' | 'finding'>> => {
    const length = Math.round(steps / 10 / (probe || 1));
    const trace = await rangeTest(counted, batches, {
      ...common,
      // Up to 400 steps its own default is as good, and it takes more where it is in doubt.
      ...(probe ? { probe, steps: Math.max(40, length) } : length > 400 && { steps: length }),
      onStep: (point) => onEvent?.({ type: 'sweep', point }),
    });
    return { trace, finding: analyzeRangeTest(trace, { steps }) };
  };
  const explained = (reasons: readonly string[], { trace, finding }: Awaited<ReturnType<typeof test>>) => ({
    trace,
    finding: { ...finding, reasons: [...reasons, ...finding.reasons] },
  });
  const { probe = warm?.trained ? 5 : 0 } = options;
  let tested = await test(probe);
  if (warm && !options.probe) {
    if (probe) tested = explained([warm.reason], tested);
    else if (!tested.finding.suggestion && !signal?.aborted) {
      tested = explained([...tested.finding.reasons, warm.reason], await test(5));
    }
  }
  const { trace, finding } = tested;
  await onEvent?.({ type: 'finding', finding, trace });
  const { suggestion } = finding;
  if (suggestion === null || signal?.aborted) return { trace, finding, cost };

  spending = 'verdict';
  const verdict = wantsVerdict
    ? await giveVerdict(counted, batches, {
        ...common,
        suggestion,
        steps: Math.round(steps / 10),
        validation,
      })
    : undefined;
  if (verdict) await onEvent?.({ type: 'verdict', verdict });

  const { baseLr, maxLr, fixedLr } = suggestion;
  // A near miss in a short trial says little, and cycles seldom lose.
  const [low, high] = verdict?.clear && verdict.winner === 'fixed' ? [fixedLr, fixedLr] : [baseLr, maxLr];
  // Where both diverged the bounds were too high.
  const scale = wantsVerdict && !verdict && !signal?.aborted ? 0.1 : 1;
  const plan = planCycles({ baseLr: scale * low, maxLr: scale * high, steps, stepsPerEpoch });
  await onEvent?.({ type: 'policy', ...plan });
  const trained = await trainCycles(trainable, batches, plan, start, options);
  cost.training = trained.run.steps.length;
  return { trace, finding, ...trained, ...(verdict && { verdict }), cost };
}
