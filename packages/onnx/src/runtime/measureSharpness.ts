import { directionalSharpness, type Optimizer, updateDirection } from '@clr/core';
import type { FloatArray } from '../training/buckets.ts';
import type { ParameterGroup } from '../training/options.ts';
import { scalesOf } from '../training/plan.ts';
import type { Engine } from './accumulate.ts';
import { checkBatch } from './checkBatch.ts';
import type { Batch } from './ort.ts';
import { run } from './results.ts';

/** The parts of the training options that determine an update's direction. */
interface Updating {
  readonly optimizer: Optimizer;
  readonly groups?: readonly ParameterGroup[];
}

/** The batch sharpness along the optimizer's update. Moved parameters are fed, so the state does not change. */
export async function measureSharpness(
  { runners, state, feeds }: Engine,
  { optimizer, groups }: Updating,
  batch: Batch,
): Promise<number> {
  const runner = await runners.of('gradients', batch);
  const { model } = runner;
  checkBatch(model, batch);
  const fed = feeds.of(model, batch);
  const inputs = model.state.filter(({ role }) => role === 'parameters').map(({ input }) => input);
  const outputs = model.gradients ?? [];
  const names = outputs.map(({ name }) => name);
  // All parameters of a vector have the same multipliers.
  const rates = outputs.map(({ parts }) => scalesOf(groups)(parts[0]?.name ?? '').lrScale);
  const [squares, means] = [await state.vectors('square'), await state.vectors('mean')];
  return directionalSharpness({
    parameters: await state.vectors('parameters'),
    gradient: async (parameters) => {
      const moved = Object.fromEntries(inputs.map((name, i) => [name, parameters[i] as FloatArray]));
      const found = await run(runner, { ...fed, ...feeds.vectors(moved) }, names);
      return names.map((name) => found[name]?.data as FloatArray);
    },
    direction: (gradients) =>
      gradients.map((gradient, i) => {
        const [square, mean, rate] = [squares[i], means[i], rates[i] as number];
        const slots = { ...(square && { square }), ...(mean && { mean }) };
        const direction = updateDirection<FloatArray>(optimizer, { gradient, ...slots, step: feeds.steps });
        return rate === 1 ? direction : (direction as Float32Array).map((value) => rate * value);
      }),
  });
}
