import { type Peer, type PeerState, type Vector, zeros } from './peer.ts';

/**
 * Schedule-Free learning: gradients are computed at `y = (1 − β)·z + β·x`, and the optimizer's steps move `z`. The
 * result `x` is the mean of all `z`, each weighted by the square of the largest rate so far.
 *
 * Uses the defaults of the authors' package, and the warm-up of 5 % of the paper's experiments.
 *
 * @see Defazio et al., arXiv 2405.15682; facebookresearch/schedule_free, `*_schedulefree_reference.py`
 */
function scheduleFree(
  name: string,
  lr: number,
  move: (start: Vector) => (z: Vector, gradient: Vector, rate: number) => void,
  factor: (step: number) => number,
): Peer {
  const [beta, warmupShare] = [0.9, 0.05];
  return {
    name,
    begin(parameters, steps): PeerState {
      const [z, x] = [parameters.slice(), parameters.slice()];
      const warmup = Math.round(warmupShare * steps);
      const update = move(parameters);
      let [step, largest, weights] = [0, 0, 0];
      return {
        step(y, gradient) {
          const rate = lr * Math.min(1, (step + 1) / warmup) * factor(step);
          largest = Math.max(largest, rate);
          weights += largest ** 2;
          const share = largest ** 2 / weights;
          update(z, gradient, rate);
          for (let i = 0; i < y.length; i++) {
            x[i] = (1 - share) * x[i]! + share * z[i]!;
            y[i] = beta * x[i]! + (1 - beta) * z[i]!;
          }
          step++;
        },
        answer: () => x,
      };
    },
  };
}

export const scheduleFreeSgd: Peer = scheduleFree(
  'Schedule-Free SGD',
  1,
  () => (z, gradient, rate) => {
    for (let i = 0; i < z.length; i++) z[i]! -= rate * gradient[i]!;
  },
  () => 1,
);

const [beta2, eps] = [0.999, 1e-8];

export const scheduleFreeAdamW: Peer = scheduleFree(
  'Schedule-Free AdamW',
  0.0025,
  (start) => {
    const squares = zeros(start);
    return (z, gradient, rate) => {
      for (let i = 0; i < z.length; i++) {
        squares[i] = beta2 * squares[i]! + (1 - beta2) * gradient[i]! ** 2;
        z[i]! -= (rate * gradient[i]!) / (Math.sqrt(squares[i]!) + eps);
      }
    };
  },
  (step) => Math.sqrt(1 - beta2 ** (step + 1)),
);
