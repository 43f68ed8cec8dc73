import type { Hyperparameters, StepResult } from '@clr/core';
import { fail } from '../errors.ts';
import type { Term } from '../loss/terms.ts';
import type { FloatArray } from '../training/buckets.ts';
import { checkBatch } from './checkBatch.ts';
import type { Feeds } from './feeds.ts';
import { lossWeight } from './lossWeight.ts';
import type { Batch } from './ort.ts';
import type { Ranks } from './ranks.ts';
import { metricsOf, type Results, run } from './results.ts';
import type { Runners } from './runners.ts';
import type { StateVectors } from './stateVectors.ts';
import { WeightedMean } from './weightedMean.ts';

/** What a step is made with. */
export interface Engine {
  readonly ranks: Ranks;
  readonly terms: readonly Term[];
  readonly runners: Runners;
  readonly state: StateVectors;
  readonly feeds: Feeds;
  readonly results: Results;
}

/**
 * Averages the gradients of several batches, on all processes, then makes one update. A failure leaves no trace, and
 * fails on every process before any of them updates.
 */
export async function accumulate(
  engine: Engine,
  batches: readonly Batch[],
  hyper: Hyperparameters,
): Promise<StepResult> {
  const { ranks, runners, state, feeds } = engine;
  const { head, draws } = await ranks.together(() => checkAll(engine, batches));
  // Each batch of a step has a number of its own among those of all processes, by which dropout masks differ.
  const counts = ranks.several && draws ? [...(await ranks.gather(batches.length))] : [];
  const place = counts.slice(0, ranks.rank).reduce((sum, count) => sum + count, 0);
  // Only running statistics change before the update.
  const { model: first } = await runners.of('gradients', head);
  const moving = first.state.filter(({ role }) => role === 'buffers');
  const before = moving.length > 0 ? await state.save() : undefined;
  try {
    const mean = await ranks.together(() => meanGradients(engine, batches, place));
    const { loss, accuracy, ...averaged } = await ranks.mean(mean.total, mean.result());
    if (moving.length > 0) await averageStatistics(engine, mean.total);
    const runner = await runners.of('apply', head);
    const { model } = runner;
    const gradients = Object.fromEntries((model.gradients ?? []).map(({ name }) => [name, averaged[name]!]));
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

/** Replaces the running statistics by their means over all processes, unless each keeps its own. */
export async function averageStatistics({ ranks, state }: Engine, weight: number): Promise<void> {
  if (!ranks.several || ranks.statistics === 'local') return;
  const vectors = await state.vectors('buffers');
  await ranks.mean(weight, Object.fromEntries(vectors.entries()));
  state.put('buffers', vectors);
}

/** Refuses what cannot be a step, before anything is touched. */
async function checkAll(
  { runners }: Engine,
  batches: readonly Batch[],
): Promise<{ head: Batch; draws: boolean }> {
  const [head] = batches;
  if (!head) throw fail('at least one batch', 'an empty list', 'Leave empty steps out.');
  for (const batch of batches) checkBatch((await runners.of('gradients', batch)).model, batch);
  return { head, draws: (await runners.of('gradients', head)).model.draw !== undefined };
}

/**
 * The mean loss, accuracy and gradients of the batches of this process, each weighted by its size.
 *
 * @param place - the number of the first batch among those of all processes
 */
async function meanGradients(
  { terms, runners, state, feeds, results }: Engine,
  batches: readonly Batch[],
  place: number,
): Promise<WeightedMean> {
  const mean = new WeightedMean();
  for (const [part, batch] of batches.entries()) {
    const runner = await runners.of('gradients', batch);
    const { model } = runner;
    const vectors = (model.gradients ?? []).map(({ name }) => name);
    const found = await run(runner, feeds.of(model, batch, place + part), {
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
  return mean;
}
