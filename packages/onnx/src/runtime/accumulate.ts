import type { ClrError, Hyperparameters, StepResult } from '@clr/core';
import { fail, messageOf } from '../errors.ts';
import type { Term } from '../loss/terms.ts';
import type { FloatArray } from '../training/buckets.ts';
import { checkBatch } from './checkBatch.ts';
import type { Feeds } from './feeds.ts';
import { letGo } from './letGo.ts';
import { metricWeights } from './metricWeights.ts';
import type { Batch } from './ort.ts';
import type { Ranks } from './ranks.ts';
import { metricsOf, type Results, run } from './results.ts';
import type { Runner, Runners } from './runners.ts';
import type { StateVectors } from './stateVectors.ts';
import { WeightedMean } from './weightedMean.ts';

/** The parts of a trainer that a step uses. */
export interface Engine {
  readonly ranks: Ranks;
  readonly terms: readonly Term[];
  readonly runners: Runners;
  readonly state: StateVectors;
  readonly feeds: Feeds;
  readonly results: Results;
}

/**
 * Averages the gradients of several batches over all processes, then makes one update. A failure before the update
 * changes nothing: it is raised on every process before any of them updates.
 */
export async function accumulate(
  engine: Engine,
  batches: readonly Batch[],
  hyper: Hyperparameters,
): Promise<StepResult> {
  const { ranks, runners, state, feeds } = engine;
  const { head, draws } = await ranks.together(() => checkAll(engine, batches));
  // Numbers the batches of a step across all processes, so that each batch gets its own dropout masks.
  const counts = ranks.several && draws ? [...(await ranks.gather(batches.length))] : [];
  const place = counts.slice(0, ranks.rank).reduce((sum, count) => sum + count, 0);
  // Only running statistics change before the update.
  const { model: first } = await runners.of('gradients', head);
  const moving = first.state.filter(({ role }) => role === 'buffers');
  const before = moving.length > 0 ? await state.save('buffers') : undefined;
  try {
    const { mean, right } = await ranks.together(() => meanGradients(engine, batches, place));
    const { loss, ...averaged } = await ranks.mean(mean.total, mean.result());
    const { accuracy } = await ranks.mean(right.total, right.result());
    if (moving.length > 0) await averageStatistics(engine, mean.total);
    const spoiled = await applyUpdate(engine, await runners.updates(head), averaged, hyper);
    feeds.steps += 1;
    const total = (loss?.[0] ?? Number.NaN) + spoiled;
    return { loss: total, ...(accuracy ? { accuracy: accuracy[0] as number } : {}) };
  } catch (error) {
    if (before) state.putBack(before);
    throw error;
  }
}

/**
 * Updates the parameters by gradients, in one run of a session or, if they are large, in several. With several runs,
 * gradients are freed after use. The first run needs the most memory, so a lack of memory usually shows before anything
 * changes. If a later run fails, the state is half updated and must be restored.
 *
 * @returns 0, or NaN if a parameter is no longer finite
 */
async function applyUpdate(
  { state, feeds }: Engine,
  updates: readonly Runner[],
  vectors: Readonly<Record<string, FloatArray>>,
  hyper: Hyperparameters,
): Promise<number> {
  let spoiled = 0;
  for (const [i, runner] of updates.entries()) {
    const { model } = runner;
    const gradients = Object.fromEntries(
      (model.gradients ?? []).map(({ name }) => [name, vectors[name] as FloatArray]),
    );
    const fed = { ...feeds.of(model, {}), ...feeds.rates(model, hyper), ...feeds.vectors(gradients) };
    const checks = model.spoils ?? [model.spoiled as string];
    const fetches = { ...Object.fromEntries(checks.map((name) => [name, null])), ...state.fetches(model) };
    const found = await run(runner, fed, fetches).catch((cause: unknown) => {
      if (i > 0) state.tear(halfDone(cause));
      throw cause;
    });
    state.advance(found);
    for (const name of checks) spoiled += Number(found[name]?.data[0]);
    if (updates.length > 1) for (const gradient of Object.values(gradients)) letGo(gradient);
  }
  return spoiled;
}

const halfDone = (cause: unknown): ClrError =>
  fail(
    'a state in which all parameters have had the same number of updates',
    `an update that failed halfway: ${messageOf(cause)}`,
    'Restore a snapshot, or make a new trainer.',
    { cause },
  );

/** Replaces the running statistics by their means over all processes, unless each process keeps its own. */
export async function averageStatistics({ ranks, state }: Engine, weight: number): Promise<void> {
  if (!ranks.several || ranks.statistics === 'local') return;
  const vectors = await state.vectors('buffers');
  await ranks.mean(weight, Object.fromEntries(vectors.entries()));
  state.put('buffers', vectors);
}

/** Refuses a bad batch before anything changes. */
async function checkAll(
  { runners }: Engine,
  batches: readonly Batch[],
): Promise<{ head: Batch; draws: boolean }> {
  const [head] = batches;
  if (!head) throw fail('at least one batch', 'an empty list', 'Leave empty steps out.');
  for (const batch of batches) checkBatch((await runners.of('gradients', batch)).model, batch);
  return { head, draws: (await runners.of('gradients', head)).model.rngStep !== undefined };
}

/**
 * The weighted means over this process's batches: `mean` of loss and gradients, `right` of the accuracy.
 *
 * @param place - the number of the first batch, counted across all processes
 */
async function meanGradients(
  { terms, runners, state, feeds, results }: Engine,
  batches: readonly Batch[],
  place: number,
): Promise<{ mean: WeightedMean; right: WeightedMean }> {
  const [mean, right] = [new WeightedMean(), new WeightedMean()];
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
    const weights = metricWeights(terms, model, batch);
    mean.add(weights.loss, {
      loss: Float64Array.of(await loss),
      ...Object.fromEntries(vectors.map((name) => [name, found[name]?.data as FloatArray])),
    });
    right.add(weights.accuracy, accuracy === undefined ? {} : { accuracy: Float64Array.of(await accuracy) });
  }
  return { mean, right };
}
