import type { Optimizer } from '@clr/core';

/** Returns a weight's next value. The closure holds its slots. */
export type Update = (w: number, gradient: number, lr: number, momentum?: number) => number;

/** Core's optimizers in float64, as their doc comments define them. */
export function updateOf(optimizer: Optimizer): Update {
  switch (optimizer.type) {
    case 'sgd': {
      const { nesterov, weightDecay, velocity, momentum: standing } = optimizer;
      let v = 0;
      return (w, gradient, lr, mu = standing) => {
        const g = gradient + weightDecay * w;
        const before = v;
        v = mu * v + (velocity === 'update' ? lr * g : g);
        if (velocity === 'update') return w - (nesterov ? (1 + mu) * v - mu * before : v);
        return w - lr * (nesterov ? g + mu * v : v);
      };
    }
    case 'adam':
    case 'adamW': {
      const { type, beta1: standing, beta2, epsilon, weightDecay } = optimizer;
      let [m, v, t] = [0, 0, 0];
      return (w, gradient, lr, beta1 = standing) => {
        const start = type === 'adamW' ? w * (1 - lr * weightDecay) : w;
        const g = type === 'adamW' ? gradient : gradient + weightDecay * w;
        t++;
        m = beta1 * m + (1 - beta1) * g;
        v = beta2 * v + (1 - beta2) * g * g;
        return start - ((lr / (1 - beta1 ** t)) * m) / (Math.sqrt(v / (1 - beta2 ** t)) + epsilon);
      };
    }
    case 'rmsProp': {
      const { alpha, epsilon, momentum: standing, centered, weightDecay } = optimizer;
      let [s, m, b] = [0, 0, 0];
      return (w, gradient, lr, mu = standing) => {
        const g = gradient + weightDecay * w;
        s = alpha * s + (1 - alpha) * g * g;
        m = alpha * m + (1 - alpha) * g;
        b = mu * b + g / (Math.sqrt(centered ? s - m * m : s) + epsilon);
        return w - lr * b;
      };
    }
    case 'adagrad': {
      const { epsilon, initialAccumulator, weightDecay } = optimizer;
      let s = initialAccumulator;
      return (w, gradient, lr) => {
        const g = gradient + weightDecay * w;
        s += g * g;
        return w - (lr * g) / (Math.sqrt(s) + epsilon);
      };
    }
  }
}
