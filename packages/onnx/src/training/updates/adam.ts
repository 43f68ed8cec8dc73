import type { AdamOptimizer, AdamWOptimizer } from '@clr/core';
import { DataType } from '../../format/dataType.ts';
import type { Ops } from '../../graph/ops.ts';
import { blend, decayed, decayOf, rate } from './parts.ts';
import type { Update } from './update.ts';

/**
 * 1 − βᵗ for β = exp(`logBeta`), in the type of `t`. In float32, the difference would be rounded too much in the first
 * steps with β₂ = 0.999. So if t·ln β is near 0, the power series of 1 − exp(t·ln β) is used. Computing in float64 is
 * no alternative, because not every runtime supports it.
 */
function correction(b: Ops, logBeta: number, t: string): string {
  const one = b.scalar(1, t);
  const z = b.mul(t, b.scalar(logBeta, t));
  const far = b.sub(one, b.exp(z));
  if (b.type(t).type !== DataType.FLOAT) return far;
  const series = [120, 24, 6, 2, 1].reduce(
    (sum, factorial) => b.add(b.mul(sum, z), b.scalar(1 / factorial, t)),
    b.scalar(1 / 720, t),
  );
  return b.where(b.less(z, b.scalar(-0.25, t)), far, b.neg(b.mul(z, series)));
}

/** Adam, and AdamW, whose weight decay is not part of the gradient. */
export function adamUpdate(spec: AdamOptimizer | AdamWOptimizer): Update {
  // 1 − β₁ᵗ and the root of 1 − β₂ᵗ, computed once for each type.
  const corrections = new Map<number, readonly [string, string]>();
  const emitCorrections = (b: Ops, beta1: string, step: string): readonly [string, string] => {
    const one = b.scalar(1, beta1);
    const t = b.add(b.castLike(step, beta1), one);
    return [b.sub(one, b.pow(beta1, t)), b.sqrt(correction(b, Math.log(spec.beta2), t))];
  };
  return {
    slots: { mean: 0, square: 0 },
    usesMomentum: true,
    usesStep: true,
    emit: (b, hyper, input) => {
      const decoupled = spec.type === 'adamW';
      const lr = rate(b, hyper, input);
      const beta1 = b.castLike(hyper.momentum, input.weights);
      const one = b.scalar(1, input.weights);
      const gradient = decoupled ? input.gradient : decayed(b, hyper, input, spec.weightDecay);
      const decay = decoupled ? decayOf(b, hyper, input, spec.weightDecay) : undefined;
      const weights =
        decay === undefined ? input.weights : b.mul(input.weights, b.sub(one, b.mul(lr, decay)));
      const mean = b.add(b.mul(input.slots.mean as string, beta1), b.mul(gradient, b.sub(one, beta1)));
      const square = blend(b, spec.beta2, input.slots.square as string, b.square(gradient));
      const { type } = b.type(beta1);
      const [first, second] = corrections.get(type) ?? emitCorrections(b, beta1, hyper.step);
      corrections.set(type, [first, second]);
      const size = b.div(lr, first);
      const root = b.div(b.sqrt(square), second);
      const denominator = b.add(root, b.scalar(spec.epsilon, weights));
      const move = b.mul(b.div(mean, denominator), size);
      return { weights: b.sub(weights, move), slots: { mean, square } };
    },
  };
}
