import { fail } from '../errors.ts';
import { DataType } from '../format/dataType.ts';
import type { Ops } from '../graph/ops.ts';
import type { Bucket, FloatArray } from './buckets.ts';
import { type Draft, input, replace } from './draft.ts';
import { type HyperNames, hyperInputs } from './hyperInputs.ts';
import type { TrainingOptions } from './options.ts';
import type { Names } from './plan.ts';
import type { Update } from './updates/update.ts';

/**
 * Scales the gradients down if their global norm is above `clipNorm` (PyTorch's formula).
 *
 * @param value - the limit as a value of the graph, if steps may set it
 */
function clipped(
  b: Ops,
  gradients: readonly string[],
  clipNorm: number | undefined,
  value: string | undefined,
): readonly string[] {
  if (clipNorm !== undefined && !(Number.isFinite(clipNorm) && clipNorm > 0)) {
    throw fail(
      'clipNorm to be a finite number above 0',
      `clipNorm = ${String(clipNorm)}`,
      'Leave it out for no clipping.',
    );
  }
  if (clipNorm === undefined && value === undefined) return gradients;
  const squares = gradients.map((gradient) => b.cast(b.sumAll(b.square(gradient)), DataType.FLOAT));
  const norm = b.sqrt(b.sum(squares));
  const most = value ?? b.scalar(clipNorm as number, norm);
  const ratio = b.div(most, b.add(norm, b.scalar(1e-6, norm)));
  const factor = b.emit('Min', [ratio, b.scalar(1, norm)]);
  return gradients.map((gradient) => b.mul(gradient, b.castLike(factor, gradient)));
}

/**
 * Appends the optimizer's update. It reads vectors of parameters and gradients, and replaces parameters and slots.
 */
export function appendUpdate(
  draft: Draft,
  buckets: readonly Bucket[],
  gradients: readonly string[],
  options: TrainingOptions,
  update: Update,
  names: Names,
): HyperNames {
  const { b } = draft;
  const { hyper, named } = hyperInputs(draft, options, update, names);
  clipped(b, gradients, options.clipNorm, hyper.clipNorm).forEach((gradient, i) => {
    const bucket = buckets[i] as Bucket;
    const slots = Object.fromEntries(
      Object.entries(update.slots).map(([slot, start]) => {
        const name = input(draft, names(`${slot}.${i}`), bucket.type, [bucket.length]);
        const Data = bucket.type === DataType.DOUBLE ? Float64Array : Float32Array;
        const initial: FloatArray = new Data(bucket.length);
        // A new array already holds zeros. Writing zeros would make the system allocate its memory.
        if (start !== 0) initial.fill(start);
        draft.state.push({ role: slot, input: name, parts: bucket.parts, initial });
        return [slot, name];
      }),
    );
    const weights = names(`parameters.${i}`);
    const { lrScale, weightDecayScale } = bucket;
    const next = update.emit(b, hyper, { weights, gradient, slots, lrScale, weightDecayScale });
    replace(draft, weights, next.weights, names);
    for (const [slot, value] of Object.entries(next.slots))
      replace(draft, slots[slot] as string, value, names);
  });
  return named;
}
