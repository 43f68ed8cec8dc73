import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import * as core from '@clr/core';
import { meets } from '@clr/tooling/needs';
import { describe, expect, it } from 'vitest';
import { asCore, asOnnx, asTfjs, asWebgpu } from '../src/policies/code/clr.ts';
import { asKeras } from '../src/policies/code/keras.ts';
import { asOptax } from '../src/policies/code/optax.ts';
import { asPyTorch } from '../src/policies/code/pytorch.ts';
import { bounds, policies } from './codePolicies.ts';
import pythonRates from './pythonRates.json' with { type: 'json' };

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

describe('the reasons why PyTorch has no code', () => {
  it.each(['linear', 'cosine', 'sqrt', 'rex', { power: 2 }] as const)(
    'promise a schedule without the warm-up only if there is one: a fall along %o',
    (shape) => {
      for (const finalLr of [0, 0.01]) {
        const [warm, cold] = [0.1, 0].map((warmup) =>
          asPyTorch(core.decay({ maxLr: 0.1, steps: 50, shape, finalLr, warmup })),
        );
        const promised = 'missing' in warm! && warm.missing.includes('Without the warm-up');
        expect(promised).toBe('code' in cold!);
      }
    },
  );
});

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

  it.each([
    ['optax', asOptax],
    ['Keras', asKeras],
  ] as const)('has the rates of the policy when %s runs it', (library, translate) => {
    let compared = 0;
    for (const policy of policies) {
      const found = translate(policy);
      if ('missing' in found) continue;
      const run = pythonRates.runs.find((each) => each.library === library && each.code === found.code);
      if (!run) throw new Error(`No rates for this code. See scripts/runPythonCode.py:\n${found.code}`);
      const rates = pythonRates.steps.map(core.toSchedule(policy).lr);
      const highest = Math.max(...rates);
      for (const [i, step] of pythonRates.steps.entries()) {
        // A note says that the rates agree only up to the end of the ramp.
        if (found.note !== undefined && policy.type === 'ramp' && step > policy.steps) continue;
        const where = `${JSON.stringify(policy)} at step ${step}`;
        expect(Math.abs(rates[i]! - run.rates[i]!), where).toBeLessThan(2e-6 * highest);
      }
      compared++;
    }
    expect(compared).toBeGreaterThan(8);
  });
});
