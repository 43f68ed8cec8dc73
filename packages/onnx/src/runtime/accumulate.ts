import type { Hyperparameters, StepResult } from '@clr/core';
import { fail } from '../errors.ts';
import type { Term } from '../loss/terms.ts';
import type { FloatArray } from '../training/buckets.ts';
import { checkBatch } from './checkBatch.ts';
import type { Feeds } from './feeds.ts';
import { lossWeight } from './lossWeight.ts';
import type { Batch } from './ort.ts';
import { metricsOf, type Results, run } from './results.ts';
import type { Runners } from './runners.ts';
import type { StateVectors } from './stateVectors.ts';
import { WeightedMean } from './weightedMean.ts';

/** What a step is made with. */
export interface Engine {
  readonly terms: readonly Term[];
  readonly runners: Runners;
  readonly state: StateVectors;
  readonly feeds: Feeds;
  readonly results: Results;
}

/** Averages the gradients of several batches, then makes one update. A failure leaves no trace. */
export async function accumulate(
  { terms, runners, state, feeds, results }: Engine,
  batches: readonly Batch[],
  hyper: Hyperparameters,
): Promise<StepResult> {
  const [head] = batches;
  if (!head) throw fail('at least one batch', 'an empty list', 'Leave empty steps out.');
  for (const batch of batches) checkBatch((await runners.of('gradients', batch)).model, batch);
  const mean = new WeightedMean();
  // Only running statistics change before the update.
  const { model: first } = await runners.of('gradients', head);
  const before = first.state.some(({ role }) => role === 'buffers') ? await state.save() : undefined;
  try {
    for (const [part, batch] of batches.entries()) {
      const runner = await runners.of('gradients', batch);
      const { model } = runner;
      const vectors = (model.gradients ?? []).map(({ name }) => name);
      const found = await run(runner, feeds.of(model, batch, part), {
        ...metricsOf(model),
        ...state.fetches(model),
        ...Object.fromEntries(vectors.map((name) => [name, null])),
      });
      state.advance(found);
      const { loss, accuracy } = results.of(model, found);
      mean.add(lossWeight(terms, model, batch), {
        loss: Float64Array.of(await loss),
        ...(accuracy === undefined ? {} : { accuracy: Float64Array.of(await accuracy) }),
        ...Object.fromEntries(vectors.map((name) => [name, found[name]?.data as FloatArray])),
      });
    }
    const { loss, accuracy, ...gradients } = mean.result();
    const runner = await runners.of('apply', head);
    const { model } = runner;
    const fed = { ...feeds.of(model, {}), ...feeds.rates(model, hyper), ...feeds.vectors(gradients) };
    const spoiled = model.spoiled as string;
    const found = await run(runner, fed, { [spoiled]: null, ...state.fetches(model) });
    state.advance(found);
    feeds.steps += 1;
    const total = (loss?.[0] ?? Number.NaN) + Number(found[spoiled]?.data[0]);
    return { loss: total, ...(accuracy ? { accuracy: accuracy[0] as number } : {}) };
  } catch (error) {
    if (before) state.putBack(before);
    throw error;
  }
}
