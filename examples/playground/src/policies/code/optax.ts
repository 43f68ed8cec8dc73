import type { DecayShape, Policy } from '@clr/core';
import { call, list, py, stretchOf, type Translation } from './python.ts';

const noCycles = 'optax has no cyclical schedule.';

interface Way {
  readonly from: number;
  readonly to: number;
  readonly steps: number;
  readonly shape: DecayShape;
}

/** A single decay; undefined for a shape that optax lacks. */
function wayDown({ from, to, steps, shape }: Way): string | undefined {
  if (shape === 'linear') {
    return call('optax.linear_schedule', [
      `init_value=${py(from)}`,
      `end_value=${py(to)}`,
      `transition_steps=${steps}`,
    ]);
  }
  if (shape === 'cosine') {
    return call('optax.cosine_decay_schedule', [
      `init_value=${py(from)}`,
      `decay_steps=${steps}`,
      `alpha=${py(to / from)}`,
    ]);
  }
  if (shape === 'sqrt' || shape === 'rex') return undefined;
  return call('optax.polynomial_schedule', [
    ...[
      `init_value=${py(from)}`,
      `end_value=${py(to)}`,
      `power=${py(shape.power)}`,
      `transition_steps=${steps}`,
    ],
  ]);
}

const noShape = (shape: DecayShape) => ({
  missing: `optax has no ${shape === 'rex' ? 'REX' : '1 − √x'} schedule.`,
});

/** Schedules one after another. Each counts from its own step 0, as in clr. */
function joined(parts: readonly { readonly code: string; readonly steps: number }[]): string {
  if (parts.length === 1) return parts[0]!.code;
  let end = 0;
  const ends = parts.slice(0, -1).map(({ steps }) => {
    end += steps;
    return end;
  });
  const schedules = parts.map(({ code }) => `        ${code.replaceAll('\n', '\n        ')},`).join('\n');
  return `optax.join_schedules(\n    schedules=[\n${schedules}\n    ],\n    boundaries=[${ends.join(', ')}],\n)`;
}

/** An optax expression with the same rates, or the reason why optax has none. */
function expressionOf(policy: Policy): { readonly expression: string } | { readonly missing: string } {
  switch (policy.type) {
    case 'constant':
      return { expression: `optax.constant_schedule(${py(policy.lr)})` };
    case 'triangular':
    case 'triangular2':
    case 'exp_range':
    case 'cyclic':
      return { missing: noCycles };
    case 'oneCycle':
      return {
        missing:
          'The one-cycle schedules of optax peak a step later than PyTorch’s. This policy follows PyTorch.',
      };
    case 'cosineRestarts':
      return { missing: 'optax’s sgdr_schedule restarts a given number of times; this policy has no end.' };
    case 'decay': {
      const { maxLr, steps, warmup = 0.05, shape = 'linear', finalLr = 0 } = policy;
      const up = stretchOf(warmup, steps, steps - 1);
      const down = wayDown({ from: maxLr, to: finalLr, steps: steps - up, shape });
      return down === undefined
        ? noShape(shape)
        : { expression: joined([...warmUp(maxLr, up), { code: down, steps }]) };
    }
    case 'wsd': {
      const { maxLr, steps, warmup = 0.05, cooldown = 0.3, shape = 'linear', cycles = 1 } = policy;
      const up = stretchOf(warmup, steps, steps - 1);
      const down = stretchOf(cooldown, steps, steps - up);
      const way = wayDown({ from: maxLr, to: 0, steps: down, shape });
      if (way === undefined) return noShape(shape);
      const stable = (length: number) =>
        length > 0 ? [{ code: `optax.constant_schedule(${py(maxLr)})`, steps: length }] : [];
      const parts = Array.from({ length: cycles }, (_, cycle) => [
        ...(cycle === 0 ? warmUp(maxLr, up) : []),
        ...stable(steps - down - (cycle === 0 ? up : 0)),
        { code: way, steps: down },
      ]);
      return { expression: joined(parts.flat()) };
    }
    case 'ramp': {
      const { startLr, endLr, steps, spacing } = policy;
      if (spacing === 'linear') {
        return { expression: wayDown({ from: startLr, to: endLr, steps, shape: 'linear' })! };
      }
      const args = [
        `init_value=${py(startLr)}`,
        `transition_steps=${steps}`,
        `decay_rate=${py(endLr)} / ${py(startLr)}`,
      ];
      return { expression: call('optax.exponential_decay', [...args, `end_value=${py(endLr)}`]) };
    }
    case 'table':
      return { missing: '' };
    case 'sequence': {
      const parts: { code: string; steps: number }[] = [];
      for (const { policy: stage, steps = 0 } of policy.stages) {
        const part =
          stage.type === 'table'
            ? { missing: 'In optax a table inside a sequence needs a function of your own.' }
            : expressionOf(stage);
        if ('missing' in part) return part;
        parts.push({ code: part.expression, steps });
      }
      return { expression: joined(parts) };
    }
  }
}

const warmUp = (maxLr: number, steps: number) =>
  steps > 0 ? [{ code: wayDown({ from: 0, to: maxLr, steps, shape: 'linear' })!, steps }] : [];

/** The policy as code for optax, if its schedules have the same rate at every step, up to float32's rounding. */
export function asOptax(policy: Policy): Translation {
  if (policy.type === 'table') {
    const code = `import jax.numpy as jnp
import optax

rates = jnp.array(${list(policy.values)})
optimizer = optax.sgd(lambda step: rates[jnp.minimum(step, len(rates) - 1)], momentum=0.9)
`;
    return { code };
  }
  const found = expressionOf(policy);
  if ('missing' in found) return found;
  return {
    code: `import optax

schedule = ${found.expression}
optimizer = optax.sgd(schedule, momentum=0.9)
`,
  };
}
