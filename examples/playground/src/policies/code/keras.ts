import type { Policy } from '@clr/core';
import { call, list, py, stretchOf, type Translation } from './python.ts';

function scheduled(name: string, args: readonly string[], note?: string): Translation {
  const code = `import keras

schedule = ${call(`keras.optimizers.schedules.${name}`, args)}
optimizer = keras.optimizers.SGD(learning_rate=schedule, momentum=0.9)
`;
  return note === undefined ? { code } : { code, note };
}

const line = (from: number, to: number, steps: number, power = 1): readonly string[] => [
  ...[`initial_learning_rate=${py(from)}`, `decay_steps=${steps}`],
  ...[`end_learning_rate=${py(to)}`, `power=${py(power)}`],
];

/**
 * The policy as code for Keras, if one of Keras's schedules has the same rate at every step, up to float32's rounding.
 */
export function asKeras(policy: Policy): Translation {
  switch (policy.type) {
    case 'constant':
      return {
        code: `import keras\n\noptimizer = keras.optimizers.SGD(learning_rate=${py(policy.lr)}, momentum=0.9)\n`,
      };
    case 'triangular':
    case 'triangular2':
    case 'exp_range':
    case 'cyclic':
      return { missing: 'Keras has no cyclical schedule.' };
    case 'oneCycle':
      return { missing: 'Keras has no one-cycle schedule.' };
    case 'cosineRestarts':
      return scheduled('CosineDecayRestarts', [
        ...[`initial_learning_rate=${py(policy.maxLr)}`, `first_decay_steps=${policy.firstCycle}`],
        ...[
          `t_mul=${py(policy.cycleMultiplier ?? 1)}`,
          'm_mul=1.0',
          `alpha=${py(policy.baseLr / policy.maxLr)}`,
        ],
      ]);
    case 'decay': {
      const { maxLr, steps, warmup = 0.05, shape = 'linear', finalLr = 0 } = policy;
      const up = stretchOf(warmup, steps, steps - 1);
      if (shape === 'cosine') {
        const way = [`decay_steps=${steps - up}`, `alpha=${py(finalLr / maxLr)}`];
        return scheduled(
          'CosineDecay',
          up > 0
            ? ['initial_learning_rate=0.0', ...way, `warmup_target=${py(maxLr)}`, `warmup_steps=${up}`]
            : [`initial_learning_rate=${py(maxLr)}`, ...way],
        );
      }
      if (shape === 'sqrt') return { missing: 'Keras has no 1 − √x schedule.' };
      if (shape === 'rex') return { missing: 'Keras has no REX schedule.' };
      if (up > 0) return { missing: 'Keras has a warm-up only before a cosine.' };
      return scheduled('PolynomialDecay', line(maxLr, finalLr, steps, shape === 'linear' ? 1 : shape.power));
    }
    case 'ramp': {
      const { startLr, endLr, steps, spacing } = policy;
      if (spacing === 'linear') return scheduled('PolynomialDecay', line(startLr, endLr, steps));
      return scheduled(
        'ExponentialDecay',
        [
          `initial_learning_rate=${py(startLr)}`,
          `decay_steps=${steps}`,
          `decay_rate=${py(endLr)} / ${py(startLr)}`,
        ],
        `The rates agree for ${steps} steps. Then Keras’ rate keeps changing, and clr’s stays.`,
      );
    }
    case 'table': {
      const { values } = policy;
      if (values.length === 1) return asKeras({ type: 'constant', lr: values[0]! });
      return scheduled('PiecewiseConstantDecay', [
        `boundaries=list(range(${values.length - 1}))`,
        `values=${list(values)}`,
      ]);
    }
    case 'wsd':
      return { missing: 'Keras has no schedule with a stable stretch and a cooldown.' };
    case 'sequence':
      return { missing: 'Keras has no schedule of stages.' };
  }
}
