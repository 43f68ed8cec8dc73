import type { CycleOptions, CyclicOptions, ExpRangePolicy, OneCyclePolicy, Policy } from '@clr/core';
import { call, list, py, type Translation } from './python.ts';

/** PyTorch's arguments for the decay of a cyclic policy's amplitude. */
type Shrinking = readonly string[] | { readonly missing: string };

const bounds = 'PyTorch’s CyclicLR shrinks only the amplitude, but here both bounds shrink.';

/** `CyclicLR`, with the number of a cycle counted from 1. */
function cyclicLr(policy: CycleOptions, shrinking: Shrinking, note?: string): Translation {
  if ('missing' in shrinking) return shrinking;
  const { baseLr, maxLr, stepSize, stepSizeDown, window = 'triangular', momentum } = policy;
  if (window !== 'triangular') return { missing: `PyTorch’s CyclicLR has no ${window} window.` };
  const args = [
    ...['optimizer', `base_lr=${py(baseLr)}`, `max_lr=${py(maxLr)}`, `step_size_up=${stepSize}`],
    ...(stepSizeDown === undefined ? [] : [`step_size_down=${stepSizeDown}`]),
    ...shrinking,
    ...(momentum
      ? [`base_momentum=${py(momentum.base)}`, `max_momentum=${py(momentum.max)}`]
      : ['cycle_momentum=False']),
  ];
  return withOptimizer(baseLr, call('CyclicLR', args), 'CyclicLR', note);
}

function withOptimizer(lr: number, scheduler: string, names: string, note?: string): Translation {
  const code = `import torch
from torch.optim.lr_scheduler import ${names}

optimizer = torch.optim.SGD(model.parameters(), lr=${py(lr)}, momentum=0.9)
scheduler = ${scheduler}
# after every batch: optimizer.step(), then scheduler.step()
`;
  return note === undefined ? { code } : { code, note };
}

function shrinkingOf({ decay }: CyclicOptions): Shrinking {
  if (!decay) return ["mode='triangular'"];
  if (decay.type === 'harmonic') return ['scale_fn=lambda cycle: 1 / cycle', "scale_mode='cycle'"];
  if (decay.of === 'bounds') return { missing: bounds };
  return decay.per === 'step'
    ? ["mode='exp_range'", `gamma=${py(decay.factor)}`]
    : [`scale_fn=lambda cycle: ${py(decay.factor)} ** (cycle - 1)`, "scale_mode='cycle'"];
}

const expShrinking = ({ decay, gamma }: ExpRangePolicy): Shrinking =>
  decay === 'bounds' ? { missing: bounds } : ["mode='exp_range'", `gamma=${py(gamma)}`];

function oneCycleLr(policy: OneCyclePolicy): Translation {
  const { maxLr, totalSteps, pctStart = 0.3, divFactor = 25, finalDivFactor = 1e4 } = policy;
  const { anneal = 'cos', threePhase = false, momentum } = policy;
  const peak = pctStart * totalSteps - 1;
  const ends = threePhase ? [0, peak, 2 * peak, totalSteps - 1] : [0, peak, totalSteps - 1];
  if (ends.some((end, i) => i > 0 && end === ends[i - 1])) {
    return { missing: 'PyTorch’s OneCycleLR divides by zero here, because one of its phases has no steps.' };
  }
  const args = [
    ...['optimizer', `max_lr=${py(maxLr)}`, `total_steps=${totalSteps}`, `pct_start=${py(pctStart)}`],
    ...[
      `anneal_strategy='${anneal}'`,
      `div_factor=${py(divFactor)}`,
      `final_div_factor=${py(finalDivFactor)}`,
    ],
    ...(threePhase ? ['three_phase=True'] : []),
    ...(momentum
      ? [`base_momentum=${py(momentum.base)}`, `max_momentum=${py(momentum.max)}`]
      : ['cycle_momentum=False']),
  ];
  return withOptimizer(
    maxLr,
    call('OneCycleLR', args),
    'OneCycleLR',
    'Past its end PyTorch raises an error; here the last rate stays.',
  );
}

/** The policy as code for PyTorch, if one of its schedules has the same rate at every step. */
export function asPyTorch(policy: Policy): Translation {
  switch (policy.type) {
    case 'constant':
      return {
        code: `import torch\n\noptimizer = torch.optim.SGD(model.parameters(), lr=${py(policy.lr)}, momentum=0.9)\n`,
      };
    case 'triangular':
      return cyclicLr(policy, ["mode='triangular'"]);
    case 'triangular2':
      return cyclicLr(policy, ["mode='triangular2'"], 'PyTorch stops with an error at the 1025th cycle.');
    case 'exp_range':
      return cyclicLr(policy, expShrinking(policy));
    case 'cyclic':
      return cyclicLr(policy, shrinkingOf(policy));
    case 'oneCycle':
      return oneCycleLr(policy);
    case 'cosineRestarts': {
      const args = ['optimizer', `T_0=${policy.firstCycle}`, `T_mult=${policy.cycleMultiplier ?? 1}`];
      return withOptimizer(
        policy.maxLr,
        call('CosineAnnealingWarmRestarts', [...args, `eta_min=${py(policy.baseLr)}`]),
        'CosineAnnealingWarmRestarts',
      );
    }
    case 'decay': {
      const { maxLr, steps, warmup = 0.05, shape = 'linear', finalLr = 0 } = policy;
      if (shape === 'sqrt') return { missing: 'PyTorch has no 1 − √x schedule.' };
      if (shape === 'rex') return { missing: 'PyTorch has no REX schedule.' };
      if (typeof shape === 'object' && finalLr > 0)
        return { missing: 'PyTorch’s PolynomialLR ends at 0 only.' };
      if (warmup > 0)
        return {
          missing:
            'PyTorch has no warm-up that starts at 0, as this one does. Without the warm-up it has this schedule.',
        };
      if (shape === 'linear') {
        const args = [
          'optimizer',
          'start_factor=1.0',
          `end_factor=${py(finalLr / maxLr)}`,
          `total_iters=${steps}`,
        ];
        return withOptimizer(maxLr, call('LinearLR', args), 'LinearLR');
      }
      if (shape === 'cosine') {
        const args = ['optimizer', `T_max=${steps}`, `eta_min=${py(finalLr)}`];
        return withOptimizer(
          maxLr,
          call('CosineAnnealingLR', args),
          'CosineAnnealingLR',
          'Past its end PyTorch’s rate rises again; here it stays.',
        );
      }
      const args = ['optimizer', `total_iters=${steps}`, `power=${py(shape.power)}`];
      return withOptimizer(maxLr, call('PolynomialLR', args), 'PolynomialLR');
    }
    case 'ramp': {
      const { startLr, endLr, steps, spacing } = policy;
      if (spacing === 'exponential') {
        const gamma = `(${py(endLr)} / ${py(startLr)}) ** (1 / ${steps})`;
        const note = `The rates agree for ${steps} steps. Then PyTorch’s rate keeps changing, and clr’s stays.`;
        return withOptimizer(
          startLr,
          call('ExponentialLR', ['optimizer', `gamma=${gamma}`]),
          'ExponentialLR',
          note,
        );
      }
      if (startLr === 0) return { missing: 'PyTorch’s LinearLR cannot start at 0.' };
      const high = Math.max(startLr, endLr);
      const args = ['optimizer', `start_factor=${py(startLr / high)}`, `end_factor=${py(endLr / high)}`];
      return withOptimizer(high, call('LinearLR', [...args, `total_iters=${steps}`]), 'LinearLR');
    }
    case 'table': {
      const code = `import torch
from torch.optim.lr_scheduler import LambdaLR

rates = ${list(policy.values)}
optimizer = torch.optim.SGD(model.parameters(), lr=1.0, momentum=0.9)
scheduler = LambdaLR(optimizer, lambda step: rates[min(step, len(rates) - 1)])
# after every batch: optimizer.step(), then scheduler.step()
`;
      return { code };
    }
    case 'wsd':
      return { missing: 'PyTorch has no schedule with a warm-up from 0, a stable stretch and a cooldown.' };
    case 'sequence':
      return {
        missing:
          'All stages of PyTorch’s SequentialLR share one initial rate, so it cannot have these stages.',
      };
  }
}
