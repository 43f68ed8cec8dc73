import type { Batches } from '../trainable/batches.ts';
import { evaluateLogged } from '../trainable/loggedMetrics.ts';
import type { Trainable } from '../trainable/trainable.ts';
import { thenTidyUp, withContext } from '../trainable/withContext.ts';
import type { AutoClrOptions } from './autoClrOptions.ts';
import type { AutoClrResult } from './autoClrResult.ts';
import { findRates } from './findRates.ts';
import { type Search, searchOf } from './resume.ts';
import { createSession, type Session } from './session.ts';
import { trainStably } from './trainStably.ts';
import { giveVerdict } from './verdict.ts';

/**
 * Trains a model without a given rate: a range test finds the rates, a plan is trained with them, and the best state is
 * kept. It detects a model that is already trained, and never leaves it worse on `validation`.
 *
 * `steps` is the whole budget. The range test takes 8 % of it, but at most 600 updates and at least 135 (or half of the
 * budget if that is less). A test that suggests nothing is repeated with up to 200 updates if both tests together fit
 * into a third of the budget. A verdict (a comparison of plans in short training runs), if requested, takes a fifth of
 * the budget. The training gets the rest. If the plan is a decay and no verdict is requested, the training continues
 * from a state that the sweep passed on its way up to `maxLr`. The sweep then serves as its warm-up.
 *
 * If the range test gives no suggestion, nothing is trained and the model stays unchanged. `finding.reasons` then say
 * why.
 *
 * With `checkpoint` a long run can be stopped at any moment, and the same call with `from` continues its training.
 *
 * @param batches - an iterable that can be iterated more than once, as `validation` must be too
 * @throws {PolicyError} if a count is bad, or if a plan does not fit the budget or the other options
 * @throws {ClrError} as `rangeTest` and `train` do. The model is then in the state of its best trough, or unchanged
 * @see Smith, arXiv 1506.01186, section 3.3, for the range test and the verdict; Defazio et al., arXiv 2310.07831, for
 *   the plan
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
  const session = createSession(trainable, batches, options);
  let trained = false;
  return thenTidyUp(
    async () => {
      const result = await run(session);
      trained = (result.best?.step ?? 0) > 0;
      return result;
    },
    // Settling, the warm-up or an earlier part of a resumed run may have changed the model. If no trained state is kept,
    // the original one is restored.
    async () => {
      const { untouched } = session;
      if (!untouched || trained) return;
      await withContext(
        'restore()',
        'at the end',
        () => trainable.restore(untouched),
        'The model was not restored.',
      );
    },
  );
}

async function run<Batch>(session: Session<Batch>): Promise<AutoClrResult> {
  const { trainable, rivals, resumed, cost, options } = session;
  if (resumed) return trainFrom(session, searchOf(session, resumed));
  const { validation, signal, onEvent } = options;

  const start = validation && (await evaluateLogged(trainable, validation, 'before any step', signal));

  const { trace, finding } = await findRates(session);
  await onEvent?.({ type: 'finding', finding, trace });
  if (finding.suggestion === null || signal?.aborted) return { trace, finding, cost };

  const verdict = rivals.length > 0 ? await giveVerdict(session, finding) : undefined;
  if (verdict) await onEvent?.({ type: 'verdict', verdict });

  return trainFrom(session, { trace, finding, ...(start && { start }), ...(verdict && { verdict }) });
}

async function trainFrom<Batch>(session: Session<Batch>, search: Search): Promise<AutoClrResult> {
  const { trace, verdict } = search;
  const trained = await trainStably(session, search);
  return { trace, ...trained, ...(verdict && { verdict }), cost: session.cost };
}
