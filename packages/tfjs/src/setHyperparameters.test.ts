import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { backend, tf } from '../test/tf.ts';
import { disposeOptimizer } from './disposeOptimizer.ts';
import { setHyperparameters } from './setHyperparameters.ts';

/** Each of tfjs's optimizers, with one update of a weight in plain arithmetic (g is its gradient). */
const optimizers: Record<string, { make: () => tf.Optimizer; update: Update; momentum: boolean }> = {
  sgd: { make: () => tf.train.sgd(9), momentum: false, update: () => (g, lr) => lr * g },
  momentum: {
    make: () => tf.train.momentum(9, 0.1),
    momentum: true,
    update: () => {
      let v = 0;
      return (g, lr, mu) => {
        v = mu * v + g;
        return lr * v;
      };
    },
  },
  nesterov: {
    make: () => tf.train.momentum(9, 0.1, true),
    momentum: true,
    update: () => {
      let v = 0;
      return (g, lr, mu) => {
        v = mu * v + g;
        return lr * (g + mu * v);
      };
    },
  },
  adagrad: {
    make: () => tf.train.adagrad(9, 0.1),
    momentum: false,
    update: () => {
      let s = 0.1;
      return (g, lr) => {
        s += g * g;
        return (lr * g) / Math.sqrt(s);
      };
    },
  },
  adadelta: {
    make: () => tf.train.adadelta(9, 0.9, 1e-3),
    momentum: false,
    update: () => {
      let [s, u] = [0, 0];
      return (g, lr) => {
        // tfjs divides by the mean square from before this gradient.
        const update = (Math.sqrt(u + 1e-3) / Math.sqrt(s + 1e-3)) * g;
        s = 0.9 * s + 0.1 * g * g;
        u = 0.9 * u + 0.1 * update * update;
        return lr * update;
      };
    },
  },
  adam: {
    make: () => tf.train.adam(9, 0.1, 0.99, 1e-8),
    momentum: true,
    update: () => {
      let [m, v, t] = [0, 0, 0];
      return (g, lr, beta) => {
        t++;
        m = beta * m + (1 - beta) * g;
        v = 0.99 * v + 0.01 * g * g;
        return ((lr / (1 - beta ** t)) * m) / Math.sqrt(v / (1 - 0.99 ** t));
      };
    },
  },
  adamax: {
    make: () => tf.train.adamax(9, 0.1, 0.99, 1e-8),
    momentum: true,
    update: () => {
      let [m, u, t] = [0, 0, 0];
      return (g, lr, beta) => {
        t++;
        m = beta * m + (1 - beta) * g;
        u = Math.max(0.99 * u, Math.abs(g));
        return ((lr / (1 - beta ** t)) * m) / u;
      };
    },
  },
  rmsprop: {
    make: () => tf.train.rmsprop(9, 0.9, 0.1, 1e-8),
    momentum: true,
    update: () => {
      let [s, b] = [0, 0];
      return (g, lr, mu) => {
        s = 0.9 * s + 0.1 * g * g;
        b = mu * b + (lr * g) / Math.sqrt(s);
        return b;
      };
    },
  },
};
type Update = () => (g: number, lr: number, momentum: number) => number;

const weightOf = (value: number): tf.Variable => tf.tidy(() => tf.scalar(value).variable());

/** f(w) = w²/2, whose gradient is w itself. */
function step(optimizer: tf.Optimizer, weight: tf.Variable): void {
  optimizer.minimize(() => weight.square().mul(0.5).asScalar(), false, [weight]);
}

const rates = [0.2, 0, 0.05, 0.3, 0.1];
const momenta = [0.5, 0.9, 0.85, 0, 0.95];

describe(`setHyperparameters on ${backend}`, () => {
  let tensors = 0;
  beforeEach(() => {
    tensors = tf.memory().numTensors;
  });
  afterEach(() => {
    expect(tf.memory().numTensors, 'tensors left behind').toBe(tensors);
  });

  describe.each(Object.entries(optimizers))('%s', (_, { make, update, momentum: hasMomentum }) => {
    it('takes effect at the next update', async () => {
      const [optimizer, weight, expected] = [make(), weightOf(2), update()];
      let w = 2;
      for (const [index, lr] of rates.entries()) {
        const momentum = momenta[index]!;
        setHyperparameters(optimizer, hasMomentum ? { lr, momentum } : { lr });
        w -= expected(w, lr, momentum);
        step(optimizer, weight);
        expect((await weight.data())[0]).toBeCloseTo(w, 5);
      }
      expect(w).not.toBeCloseTo(2, 2);
      disposeOptimizer(optimizer);
      weight.dispose();
    });

    it('leaks nothing', () => {
      const [optimizer, weight] = [make(), weightOf(2)];
      const once = () => {
        setHyperparameters(optimizer, hasMomentum ? { lr: 0.01, momentum: 0.5 } : { lr: 0.01 });
        step(optimizer, weight);
      };
      once();
      const before = tf.memory().numTensors;
      for (let i = 0; i < 20; i++) once();
      // Also inside a tidy, which frees tensors that are not kept.
      tf.tidy(once);
      once();
      expect(tf.memory().numTensors).toBe(before);
      disposeOptimizer(optimizer);
      weight.dispose();
    });
  });

  it.each(['sgd', 'adagrad', 'adadelta'])('refuses a momentum for %s, which has none', (name) => {
    const optimizer = optimizers[name]!.make();
    expect(() => setHyperparameters(optimizer, { lr: 0.1, momentum: 0.9 })).toThrow(
      /momentum = 0.9\n.*velocity|no velocity/,
    );
    expect((optimizer as unknown as { learningRate: number }).learningRate).toBe(9);
    disposeOptimizer(optimizer);
  });

  it.each([
    [{ lr: Number.NaN }, 'lr = NaN'],
    [{ lr: -1 }, 'lr = -1'],
    [{ lr: 0.1, momentum: 1.5 }, 'momentum = 1.5'],
    [{ lr: 0.1, momentum: 1 }, 'momentum = 1'],
  ])('refuses %j', (hyper, received) => {
    const optimizer = tf.train.adam(0.1);
    expect(() => setHyperparameters(optimizer, hyper)).toThrow(`Received: ${received}`);
    optimizer.dispose();
  });

  it('refuses an Adamax that decays the rate', () => {
    const optimizer = tf.train.adamax(0.1, 0.9, 0.999, 1e-8, 0.5);
    expect(() => setHyperparameters(optimizer, { lr: 0.1 })).toThrow('Received: decay = 0.5');
    optimizer.dispose();
  });
});
