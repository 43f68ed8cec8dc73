import type { Ops } from '../graph/ops.ts';
import type { Term } from './terms.ts';

/** An elementwise loss: its mean, the prediction, and the gradient of the mean. */
export type Regression = Record<'loss' | 'outputs' | 'seed', string>;

type Compare = (b: Ops, y: string, target: string, term: Term) => Regression;

/** 1 / the number of elements. */
const shareOf = (b: Ops, y: string): string => b.div(b.scalar(1, y), b.castLike(b.count(y), y));

/** (y − t)². */
const meanSquare: Compare = (b, y, target) => {
  const difference = b.sub(y, target);
  const share = shareOf(b, y);
  return {
    loss: b.mul(b.sumAll(b.square(difference)), share),
    outputs: y,
    seed: b.mul(difference, b.mul(share, b.scalar(2, y))),
  };
};

/** |y − t|. Its slope at 0 is 0, as in PyTorch. */
const meanAbsolute: Compare = (b, y, target) => {
  const difference = b.sub(y, target);
  const share = shareOf(b, y);
  return {
    loss: b.mul(b.sumAll(b.abs(difference)), share),
    outputs: y,
    seed: b.mul(b.sign(difference), share),
  };
};

/** c·(d − c/2) with c = clip(d, −δ, δ). This is ½·d² inside and δ·(|d| − ½·δ) outside. */
const huber: Compare = (b, y, target, { delta }) => {
  const difference = b.sub(y, target);
  const share = shareOf(b, y);
  const near = b.emit('Clip', [difference, b.scalar(-delta, y), b.scalar(delta, y)]);
  const terms = b.mul(near, b.sub(difference, b.mul(near, b.scalar(0.5, y))));
  return { loss: b.mul(b.sumAll(terms), share), outputs: y, seed: b.mul(near, share) };
};

/** max(y, 0) − y·t + log(1 + e^−|y|): finite for every y. */
const binaryCrossEntropy: Compare = (b, y, target) => {
  const share = shareOf(b, y);
  const tail = b.log(b.add(b.exp(b.neg(b.abs(y))), b.scalar(1, y)));
  const terms = b.add(b.sub(b.emit('Relu', [y]), b.mul(y, target)), tail);
  const outputs = b.emit('Sigmoid', [y]);
  return {
    loss: b.mul(b.sumAll(terms), share),
    outputs,
    seed: b.mul(b.sub(outputs, target), share),
  };
};

/** The losses that compare each element with its target. */
export const regressions: Readonly<Record<'mse' | 'l1' | 'huber' | 'bceWithLogits', Compare>> = {
  mse: meanSquare,
  l1: meanAbsolute,
  huber,
  bceWithLogits: binaryCrossEntropy,
};
