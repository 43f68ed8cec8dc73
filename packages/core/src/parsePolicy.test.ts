import { describe, expect, it } from 'vitest';
import * as core from './index.ts';
import { parsePolicy } from './index.ts';
import { kinds } from './policies/builtInKinds.ts';

describe('parsePolicy', () => {
  it('gives the same policy as the factory', () => {
    const options = { baseLr: 0.001, maxLr: 0.006, stepSize: 2000, momentum: { base: 0.8, max: 0.9 } };
    const parsed = parsePolicy({ type: 'triangular2', ...options });
    expect(parsed).toStrictEqual(core.triangular2(options));
  });

  it('gives a copy that does not change with its source', () => {
    const data = { type: 'table', values: [0.1, 0.2] };
    const parsed = parsePolicy(data);
    data.values[0] = 9;
    expect(parsed).toEqual({ type: 'table', values: [0.1, 0.2] });
    expect(Object.isFrozen(data)).toBe(false);
  });

  it('reports a field `type` as unknown in an object that has none', () => {
    const momentum = { base: 0.8, max: 0.9, type: 'cyclic' };
    const policy = { type: 'triangular', baseLr: 0.001, maxLr: 0.006, stepSize: 5 };
    expect(() => parsePolicy({ ...policy, momentum })).toThrow(
      'Expected momentum.type to be one of the fields base, max.\nReceived: momentum.type = "cyclic"',
    );
    const stages = [{ policy, type: 'stage' }];
    expect(() => parsePolicy({ type: 'sequence', stages })).toThrow('Received: stages[0].type = "stage"');
  });

  it('leaves out undefined fields', () => {
    const options = { baseLr: 0, maxLr: 1, stepSize: 5, window: undefined };
    expect(Object.keys(parsePolicy({ type: 'triangular', ...options })).sort()).toEqual([
      'baseLr',
      'maxLr',
      'stepSize',
      'type',
    ]);
  });

  it('knows the kind of every factory', () => {
    const cycle = { baseLr: 0.1, maxLr: 1, stepSize: 5 };
    const made = [
      core.constant({ lr: 1 }),
      core.triangular(cycle),
      core.triangular2(cycle),
      core.expRange({ ...cycle, gamma: 0.9 }),
      core.cyclic(cycle),
      core.oneCycle({ maxLr: 1, totalSteps: 9 }),
      core.cosineRestarts({ baseLr: 0, maxLr: 1, firstCycle: 5 }),
      core.decay({ maxLr: 1, steps: 9 }),
      core.wsd({ maxLr: 1, steps: 9 }),
      core.ramp({ startLr: 0, endLr: 1, steps: 5, spacing: 'linear' }),
      core.sequence([{ policy: core.constant({ lr: 1 }) }]),
      core.table({ values: [1] }),
    ];
    for (const policy of made) expect(parsePolicy(JSON.parse(JSON.stringify(policy)))).toStrictEqual(policy);
    expect(made.map(({ type }) => type).sort()).toEqual(kinds.map(({ type }) => type).sort());
  });
});
