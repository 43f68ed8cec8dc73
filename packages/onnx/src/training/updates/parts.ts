import type { Ops } from '../../graph/ops.ts';
import type { Hyper, UpdateInput } from './update.ts';

/** The learning rate of a bucket. */
export function rate(b: Ops, { lr }: Hyper, { weights, lrScale }: UpdateInput): string {
  const own = b.castLike(lr, weights);
  return lrScale === 1 ? own : b.mul(own, b.scalar(lrScale, weights));
}

/** The weight decay of a bucket. It is undefined if it is 0 at every step. */
export function decayOf(
  b: Ops,
  { weightDecay }: Hyper,
  { weights, weightDecayScale }: UpdateInput,
  own: number,
): string | undefined {
  if ((weightDecay === undefined ? own : 1) * weightDecayScale === 0) return undefined;
  if (weightDecay === undefined) return b.scalar(own * weightDecayScale, weights);
  const decay = b.castLike(weightDecay, weights);
  return weightDecayScale === 1 ? decay : b.mul(decay, b.scalar(weightDecayScale, weights));
}

/** The gradient with L2 weight decay. */
export function decayed(b: Ops, hyper: Hyper, input: UpdateInput, weightDecay: number): string {
  const { weights, gradient } = input;
  const decay = decayOf(b, hyper, input, weightDecay);
  return decay === undefined ? gradient : b.add(gradient, b.mul(weights, decay));
}

/** factor·a + (1 − factor)·c. */
export function blend(b: Ops, factor: number, a: string, c: string): string {
  return b.add(b.mul(a, b.scalar(factor, a)), b.mul(c, b.scalar(1 - factor, a)));
}
