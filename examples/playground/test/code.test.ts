import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import * as core from '@clr/core';
import { meets } from '@clr/tooling/needs';
import { describe, expect, it } from 'vitest';
import { asCore, asOnnx, asTfjs, asWebgpu } from '../src/policies/code/clr.ts';
import { asKeras } from '../src/policies/code/keras.ts';
import { asOptax } from '../src/policies/code/optax.ts';
import { asPyTorch } from '../src/policies/code/pytorch.ts';
import { kinds } from '../src/policies/kinds.ts';

const size = { low: 0.001, high: 0.006, steps: 160 };
const bounds = { baseLr: 0.001, maxLr: 0.006, stepSize: 20 };

/**
 * Every kind with the page's default numbers, and policies with the options that change the code for another library.
 */
const policies: readonly core.Policy[] = [
  ...kinds.map(({ make }) => make(size)),
  core.triangular({ ...bounds, stepSizeDown: 7, momentum: { base: 0.8, max: 0.95 } }),
  core.triangular({ ...bounds, window: 'hann' }),
  core.expRange({ ...bounds, gamma: 0.99, decay: 'bounds' }),
  core.cyclic(bounds),
  core.cyclic({ ...bounds, decay: { type: 'geometric', factor: 0.7, per: 'cycle', of: 'amplitude' } }),
  core.cyclic({ ...bounds, decay: { type: 'geometric', factor: 0.99, per: 'step', of: 'amplitude' } }),
  core.cyclic({ ...bounds, decay: { type: 'geometric', factor: 0.7, per: 'cycle', of: 'bounds' } }),
  core.oneCycle({ maxLr: 0.1, totalSteps: 60, threePhase: true, anneal: 'linear', pctStart: 0.4 }),
  core.oneCycle({ maxLr: 0.1, totalSteps: 60, momentum: { base: 0.85, max: 0.95 }, divFactor: 10 }),
  core.oneCycle({ maxLr: 0.1, totalSteps: 10, pctStart: 0.1 }),
  core.oneCycle({ maxLr: 0.1, totalSteps: 10, pctStart: 0 }),
  core.oneCycle({ maxLr: 0.1, totalSteps: 10, pctStart: 1 }),
  core.cosineRestarts({ baseLr: 0.001, maxLr: 0.1, firstCycle: 10, cycleMultiplier: 2 }),
  core.decay({ maxLr: 0.1, steps: 50, warmup: 0, finalLr: 0.01 }),
  core.decay({ maxLr: 0.1, steps: 50, warmup: 0, finalLr: 0.01, shape: 'cosine' }),
  core.decay({ maxLr: 0.1, steps: 50, warmup: 10, finalLr: 0.01, shape: 'cosine' }),
  core.decay({ maxLr: 0.1, steps: 50, warmup: 0, shape: { power: 2 } }),
  core.decay({ maxLr: 0.1, steps: 50, warmup: 0, finalLr: 0.01, shape: { power: 2 } }),
  core.decay({ maxLr: 0.1, steps: 50, warmup: 0, shape: 'sqrt' }),
  core.wsd({ maxLr: 0.1, steps: 50, cycles: 2 }),
  core.ramp({ startLr: 0.001, endLr: 0.1, steps: 40, spacing: 'linear' }),
  core.ramp({ startLr: 0, endLr: 0.1, steps: 40, spacing: 'linear' }),
  core.ramp({ startLr: 0.001, endLr: 0.1, steps: 40, spacing: 'exponential' }),
  core.table({ values: Array.from({ length: 40 }, (_, i) => 0.1 / (i + 1)) }),
];
const named = policies.map((policy) => [JSON.stringify(policy).slice(0, 110), policy] as const);

/** The policy made by code for a clr package. */
function policyIn(code: string): unknown {
  const body = /const policy = ([\s\S]*?);\n/.exec(code)?.[1];
  return new Function(...Object.keys(core), `return ${body}`)(...Object.values(core));
}

describe('code for clr', () => {
  it.each(named)('makes the policy %s', (_, policy) => {
    for (const code of [asCore(policy, 100), asOnnx(policy, 100), asTfjs(policy), asWebgpu(policy)]) {
      expect(policyIn(code)).toEqual(policy);
      const imported = /import \{ ([^}]*) \} from '@clr\/core'/.exec(code)?.[1]?.split(', ') ?? [];
      for (const name of imported) expect(core).toHaveProperty(name);
    }
  });

  it('states a rate of the policy', () => {
    const code = asCore(core.triangular2(bounds), 160);
    expect(code).toContain('toSchedule(policy).lr(20); // 0.006');
  });
});

const python = process.env.CLR_PYTHON ?? '/usr/bin/python3';
const run = (script: string, input: string): string =>
  execFileSync(python, ['-W', 'ignore', '-c', script], { input, encoding: 'utf8', maxBuffer: 2 ** 27 });

function hasTorch(): boolean {
  let found = existsSync(python);
  try {
    if (found) run('import importlib.util, sys; sys.exit(importlib.util.find_spec("torch") is None)', '');
  } catch {
    found = false;
  }
  return meets('pytorch', found, `no torch in ${python} (Debian: apt-get install python3-torch)`);
}

// Runs each code, then the given number of steps, and prints the rates and the momenta.
const script = `
import json, sys, torch
out = []
for case in json.load(sys.stdin):
    scope = {'model': torch.nn.Linear(1, 1)}
    exec(case['code'], scope)
    optimizer, scheduler = scope['optimizer'], scope.get('scheduler')
    seen = []
    for _ in range(case['steps']):
        group = optimizer.param_groups[0]
        seen.append([group['lr'], group['momentum']])
        optimizer.step()
        if scheduler:
            scheduler.step()
    out.append(seen)
json.dump(out, sys.stdout)
`;

describe.skipIf(!hasTorch())('code for PyTorch', () => {
  it('gives the rates of the policy at every step, if there is code', () => {
    const cases = policies.flatMap((policy) => {
      const found = asPyTorch(policy);
      if ('missing' in found) return [];
      // Compare only the steps for which the note says that the rates are equal.
      const ends =
        policy.type === 'oneCycle'
          ? policy.totalSteps - 1
          : policy.type === 'decay' || policy.type === 'ramp'
            ? policy.steps
            : 200;
      return [{ policy, code: found.code, steps: ends }];
    });
    expect(cases.length).toBeGreaterThan(18);
    const seen = JSON.parse(run(script, JSON.stringify(cases))) as [number, number][][];
    for (const [i, { policy, steps }] of cases.entries()) {
      const { lr, momentum } = core.toSchedule(policy);
      for (let step = 0; step < steps; step++) {
        const [rate, moment] = seen[i]![step]!;
        const where = `${JSON.stringify(policy)} at step ${step}`;
        expect(Math.abs(lr(step) - rate), where).toBeLessThan(1e-12);
        const ours = momentum(step);
        if (ours !== undefined) expect(Math.abs(ours - moment), where).toBeLessThan(1e-12);
      }
    }
  });
});

/** The documented formulas of the schedules of optax and Keras. */
const documented = {
  linear: (from: number, to: number, steps: number) => (step: number) =>
    from + (to - from) * Math.min(1, step / steps),
  cosine: (from: number, steps: number, alpha: number) => (step: number) =>
    from * ((1 - alpha) * 0.5 * (1 + Math.cos((Math.PI * Math.min(step, steps)) / steps)) + alpha),
};

describe('code for optax and Keras', () => {
  it('exists if the library has such a schedule; otherwise there is a reason', () => {
    const answers = (translate: typeof asOptax) =>
      policies.map((policy) => {
        const found = translate(policy);
        return 'missing' in found ? found.missing.length > 20 : found.code.includes('optimizer = ');
      });
    expect(answers(asOptax)).not.toContain(false);
    expect(answers(asKeras)).not.toContain(false);
    for (const type of ['triangular', 'triangular2', 'exp_range', 'cyclic', 'oneCycle']) {
      const policy = policies.find((each) => each.type === type)!;
      expect(asOptax(policy)).toHaveProperty('missing');
      expect(asKeras(policy)).toHaveProperty('missing');
    }
  });

  it('gives the rates of the policy by the documented formulas', () => {
    const policy = core.decay({ maxLr: 0.1, steps: 50, warmup: 10, finalLr: 0.01, shape: 'cosine' });
    const { lr } = core.toSchedule(policy);
    const numbers = (code: string, name: string): number =>
      Number(new RegExp(`${name}=([^,)\\s]+)`).exec(code)?.[1]);
    const keras = asKeras(policy);
    const optax = asOptax(policy);
    if ('missing' in keras || 'missing' in optax) throw new Error('no code');
    const up = documented.linear(
      0,
      numbers(keras.code, 'warmup_target'),
      numbers(keras.code, 'warmup_steps'),
    );
    const down = documented.cosine(0.1, numbers(keras.code, 'decay_steps'), numbers(keras.code, 'alpha'));
    expect(optax.code).toContain('boundaries=[10]');
    expect(numbers(optax.code, 'decay_steps')).toBe(40);
    for (let step = 0; step < 60; step++)
      expect(step < 10 ? up(step) : down(step - 10)).toBeCloseTo(lr(step), 12);
  });
});
