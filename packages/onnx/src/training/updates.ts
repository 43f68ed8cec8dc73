import type {
  AdagradOptimizer,
  AdamOptimizer,
  AdamWOptimizer,
  Optimizer,
  RmsPropOptimizer,
  SgdOptimizer,
} from '@clr/core';
import { fail } from '../errors.ts';
import { DataType } from '../format/dataType.ts';
import type { Ops } from '../graph/ops.ts';
import { show } from '../show.ts';

/** The scalars of one step, as values of the graph. */
export interface Hyper {
  /** float32. */
  readonly lr: string;
  /** float32: momentum, or β₁. */
  readonly momentum: string;
  /** int64: the number of updates applied before this one. */
  readonly step: string;
  /** float32: the weight decay, where steps may set it. Absent: the optimizer's own is a constant of the graph. */
  readonly weightDecay?: string | undefined;
}

/** What an update reads and writes besides the weights, by slot name. */
export type Slots = Readonly<Record<string, string>>;

/** The vectors of one bucket. */
export interface UpdateInput {
  readonly weights: string;
  readonly gradient: string;
  readonly slots: Slots;
  readonly lrScale: number;
  readonly weightDecayScale: number;
}

export interface UpdateOutput {
  readonly weights: string;
  readonly slots: Slots;
}

/** An optimizer as a graph: its slots with what they start at, and its arithmetic. */
export interface Update {
  readonly slots: Readonly<Record<string, number>>;
  readonly usesMomentum: boolean;
  readonly usesStep: boolean;
  readonly emit: (b: Ops, hyper: Hyper, input: UpdateInput) => UpdateOutput;
}

/** The rate of a bucket. */
function rate(b: Ops, { lr }: Hyper, { weights, lrScale }: UpdateInput): string {
  const own = b.castLike(lr, weights);
  return lrScale === 1 ? own : b.mul(own, b.scalar(lrScale, weights));
}

/** The weight decay of a bucket; undefined where it is 0 at every step. */
function decayOf(
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

/** The gradient with L2 decay. */
function decayed(b: Ops, hyper: Hyper, input: UpdateInput, weightDecay: number): string {
  const { weights, gradient } = input;
  const decay = decayOf(b, hyper, input, weightDecay);
  return decay === undefined ? gradient : b.add(gradient, b.mul(weights, decay));
}

/** factor·a + (1 − factor)·c. */
function blend(b: Ops, factor: number, a: string, c: string): string {
  return b.add(b.mul(a, b.scalar(factor, a)), b.mul(c, b.scalar(1 - factor, a)));
}

function sgdUpdate(spec: SgdOptimizer): Update {
  return {
    slots: { velocity: 0 },
    usesMomentum: true,
    usesStep: false,
    emit: (b, hyper, input) => {
      const { weights } = input;
      const lr = rate(b, hyper, input);
      const mu = b.castLike(hyper.momentum, weights);
      const before = input.slots.velocity as string;
      const gradient = decayed(b, hyper, input, spec.weightDecay);
      if (spec.velocity === 'update') {
        const velocity = b.add(b.mul(before, mu), b.mul(gradient, lr));
        // (1 + μ)·v − μ·v_before
        const move = spec.nesterov ? b.add(velocity, b.mul(b.sub(velocity, before), mu)) : velocity;
        return { weights: b.sub(weights, move), slots: { velocity } };
      }
      const velocity = b.add(b.mul(before, mu), gradient);
      const direction = spec.nesterov ? b.add(gradient, b.mul(velocity, mu)) : velocity;
      return { weights: b.sub(weights, b.mul(direction, lr)), slots: { velocity } };
    },
  };
}

/**
 * 1 − βᵗ for β = exp(`logBeta`), in the type of `t`. In float32 it is the series of 1 − exp(t·ln β) near 0, where the
 * difference would lose the first steps of β₂ = 0.999 in rounding; float64 is not to be had in every runtime.
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

function adamUpdate(spec: AdamOptimizer | AdamWOptimizer): Update {
  // 1 − β₁ᵗ and the root of 1 − β₂ᵗ, the same for all vectors of a type.
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

function rmsPropUpdate(spec: RmsPropOptimizer): Update {
  return {
    slots: { square: 0, ...(spec.centered ? { mean: 0 } : {}), velocity: 0 },
    usesMomentum: true,
    usesStep: false,
    emit: (b, hyper, input) => {
      const { weights, slots } = input;
      const gradient = decayed(b, hyper, input, spec.weightDecay);
      const square = blend(b, spec.alpha, slots.square as string, b.square(gradient));
      const mean = spec.centered ? blend(b, spec.alpha, slots.mean as string, gradient) : undefined;
      const spread = b.sqrt(mean === undefined ? square : b.sub(square, b.square(mean)));
      const scaled = b.div(gradient, b.add(spread, b.scalar(spec.epsilon, weights)));
      const mu = b.castLike(hyper.momentum, weights);
      const velocity = b.add(b.mul(slots.velocity as string, mu), scaled);
      return {
        weights: b.sub(weights, b.mul(velocity, rate(b, hyper, input))),
        slots: { square, ...(mean === undefined ? {} : { mean }), velocity },
      };
    },
  };
}

function adagradUpdate(spec: AdagradOptimizer): Update {
  return {
    slots: { square: spec.initialAccumulator },
    usesMomentum: false,
    usesStep: false,
    emit: (b, hyper, input) => {
      const { weights } = input;
      const gradient = decayed(b, hyper, input, spec.weightDecay);
      const square = b.add(input.slots.square as string, b.square(gradient));
      const scaled = b.div(gradient, b.add(b.sqrt(square), b.scalar(spec.epsilon, weights)));
      return { weights: b.sub(weights, b.mul(scaled, rate(b, hyper, input))), slots: { square } };
    },
  };
}

/**
 * The arithmetic of an optimizer.
 *
 * @throws {ClrError} when the spec is none of core's
 */
export function updateOf(spec: Optimizer): Update {
  switch (spec?.type) {
    case 'sgd':
      return sgdUpdate(spec);
    case 'adam':
    case 'adamW':
      return adamUpdate(spec);
    case 'rmsProp':
      return rmsPropUpdate(spec);
    case 'adagrad':
      return adagradUpdate(spec);
    default:
      throw fail(
        'optimizer to be made by sgd(), adam(), adamW(), rmsProp() or adagrad() of @clr/core',
        `optimizer = ${show(spec)}`,
        'Import one from @clr/core and call it.',
      );
  }
}
