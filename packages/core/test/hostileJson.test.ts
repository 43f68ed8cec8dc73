import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  adam,
  analyzeRangeTest,
  ClrError,
  cyclic,
  fitToCycles,
  isPolicy,
  oneCycle,
  type Policy,
  parsePolicy,
  parseRun,
  parseTrace,
  sequence,
  sgd,
  table,
  toSchedule,
  triangular2,
} from '../src/index.ts';
import { maxNesting } from '../src/limits.ts';
import { anyPolicy } from './arbitraries.ts';

/** JSON values to put in wrong places. */
const odd = fc.oneof(
  fc.constantFrom(null, true, '', [], {}, [null], 0, -1, -0.5, 0.5, 1e39, 1e308, 2 ** 53, -(2 ** 53), 5e-324),
  fc.constantFrom(
    '\u001b[31mred\u001b[0m',
    '\u0007\b\r\n',
    '\u202Egnp.exe',
    '\u2028',
    'x'.repeat(1e5),
    '😀'.repeat(5e4),
    '\ud800',
  ),
  fc.constantFrom('constructor', '__proto__', 'toString', 'triangular', 'sequence'),
  fc.jsonValue({ maxDepth: 3 }),
);

type Json = { [name: string]: Json } | Json[] | string | number | boolean | null;

/** One change of a JSON document: `at` selects a place, `how` the change. */
const mutation = fc.record({
  at: fc.array(fc.nat(), { minLength: 1, maxLength: 8 }),
  how: fc.constantFrom('replace', 'delete', 'add', 'copy', 'nest', 'rename'),
  value: odd,
  name: fc.oneof(
    fc.string(),
    fc.constantFrom('__proto__', 'typ', 'stepsize', '\u001b]0;x\u0007', 'n'.repeat(1e5)),
  ),
});

function mutate(
  document: unknown,
  { at, how, value, name }: { at: number[]; how: string; value: unknown; name: string },
): unknown {
  const copy = JSON.parse(JSON.stringify(document)) as Json;
  let place: Json = copy;
  for (const [depth, index] of at.entries()) {
    if (typeof place !== 'object' || place === null) break;
    const keys: string[] = Object.keys(place);
    const key = keys[index % Math.max(1, keys.length)];
    if (key === undefined) break;
    const target: { [name: string]: Json } = place as never;
    const next: Json = target[key]!;
    if (depth < at.length - 1 && typeof next === 'object' && next !== null && Object.keys(next).length > 0) {
      place = next;
      continue;
    }
    if (how === 'replace') target[key] = value as Json;
    else if (how === 'delete') delete target[key];
    else if (how === 'add')
      Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
    else if (how === 'copy')
      Array.isArray(place) ? place.push(next) : Object.assign(target, { [`${key}2`]: next });
    else if (how === 'nest') target[key] = { ...(next as object) };
    else {
      delete target[key];
      Object.defineProperty(target, name, {
        value: next,
        enumerable: true,
        configurable: true,
        writable: true,
      });
    }
    break;
  }
  return copy;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
const control = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\u2028\u2029]/;

/** Runs a reader. Returns its result, or checks that the error is clear and safe to print. */
function read<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof ClrError)) throw error;
    const { message } = error;
    expect(message).toMatch(/^\[clr\/core\] Expected [^\n]+\.\nReceived: [^\n]+\n[^\n]+$/);
    expect(new TextEncoder().encode(message).length).toBeLessThanOrEqual(1000);
    expect(message).not.toMatch(control);
    expect(message).not.toContain('\ufffd');
    return undefined;
  }
}

/** A legal policy gives finite rates, and cycles that end after they began. */
function usePolicy(policy: Policy): void {
  expect(isPolicy(policy)).toBe(true);
  expect(parsePolicy(JSON.parse(JSON.stringify(policy)))).toEqual(policy);
  const schedule = toSchedule(policy);
  for (const step of [0, 1, 7, 1000, 2 ** 40]) {
    const { lr, momentum = 0, cycleEnd } = schedule.at(step);
    expect(Math.fround(lr)).toBeGreaterThanOrEqual(0);
    expect(Math.fround(lr)).toBeLessThan(Infinity);
    expect(momentum >= 0 && momentum < 1 && cycleEnd > step).toBe(true);
  }
  expect(fitToCycles(policy, 1000)).toBeGreaterThan(0);
}

const cycle = { baseLr: 0.001, maxLr: 0.006, stepSize: 50 };
const policy = sequence([
  { policy: triangular2({ ...cycle, momentum: { base: 0.8, max: 0.9 } }), steps: 400 },
  {
    policy: cyclic({ ...cycle, decay: { type: 'geometric', factor: 0.5, per: 'cycle', of: 'bounds' } }),
    steps: 200,
  },
  {
    policy: sequence([
      { policy: oneCycle({ maxLr: 0.1, totalSteps: 50 }), steps: 50 },
      { policy: table({ values: [0.1, 0.05] }) },
    ]),
  },
]);
const points = Array.from({ length: 60 }, (_, step) => {
  const lr = 1e-5 * 1e6 ** (step / 59);
  return { step, lr, loss: 2.3 - 1.5 / (1 + (0.05 / lr) ** 2) + (lr / 0.5) ** 3, accuracy: 0.5 };
});
const trace = {
  version: 1,
  spacing: 'exponential',
  startLr: 1e-5,
  endLr: 10,
  points,
  validation: points.slice(0, 5),
  coarse: points.slice(5, 15),
  baseline: { loss: 2.3, accuracy: 0.1 },
  updateKind: 'momentum',
  stopped: { step: 60, reason: 'diverged' },
};
const run = {
  version: 1,
  policy,
  from: 0,
  step: 20,
  steps: Array.from({ length: 20 }, (_, step) => ({
    step,
    lr: 0.1,
    momentum: 0.9,
    loss: step === 3 ? null : 1,
  })),
  troughs: [
    { step: 10, cycle: 0, loss: 1, accuracy: 0.9 },
    { step: 20, cycle: 1 },
  ],
  final: { loss: 1, accuracy: 1 },
  stopped: { step: 20, reason: 'ended' },
};
const mutations = (document: unknown) =>
  fc.array(mutation, { minLength: 1, maxLength: 3 }).map((all) => all.reduce(mutate, document));

describe('hostile JSON', () => {
  it('gives a clear error or a correct policy', () => {
    const bases = fc.oneof(fc.constant<unknown>(policy), anyPolicy);
    fc.assert(
      fc.property(bases.chain(mutations), (value) => {
        const parsed = read(() => parsePolicy(value));
        expect(isPolicy(value)).toBe(parsed !== undefined);
        if (parsed) usePolicy(parsed);
      }),
      { numRuns: 900 },
    );
  });

  it('gives a clear error or a correct trace', () => {
    fc.assert(
      fc.property(mutations(trace), (value) => {
        const parsed = read(() => parseTrace(value));
        if (!parsed) return;
        expect(parseTrace(JSON.parse(JSON.stringify(parsed)))).toEqual(parsed);
        const { suggestion } = analyzeRangeTest(parsed, { resamples: 5 });
        if (suggestion) expect(Number.isFinite(suggestion.maxLr) && suggestion.maxLr > 0).toBe(true);
      }),
      { numRuns: 600 },
    );
  });

  it('gives a clear error or a correct run', () => {
    fc.assert(
      fc.property(mutations(run), (value) => {
        const parsed = read(() => parseRun(value));
        if (!parsed) return;
        expect(parseRun(JSON.parse(JSON.stringify(parsed)))).toEqual(parsed);
        if (parsed.policy) usePolicy(parsed.policy);
      }),
      { numRuns: 600 },
    );
  });

  it('is accepted, or refused with a clear error, whatever the value', () => {
    for (const parse of [parsePolicy, parseTrace, parseRun]) {
      fc.assert(fc.property(odd, (value) => void read(() => parse(value))));
    }
  });
});

describe('the records', () => {
  it('are read back unchanged and frozen, without unknown fields', () => {
    expect(parseTrace(JSON.parse(JSON.stringify(trace)))).toEqual(trace);
    expect(parseRun(JSON.parse(JSON.stringify(run)))).toEqual(run);
    expect(parseTrace({ ...trace, newer: 1 })).toEqual(trace);
    const { coarse: scout, baseline: control, ...rest } = trace;
    expect(parseTrace({ ...rest, scout, control, probe: 5 })).toEqual({ ...trace, updatesPerRate: 5 });
    expect(Object.isFrozen(parseTrace(trace).points[0])).toBe(true);
  });

  it('are refused with the field and the name of the source', () => {
    const bad: readonly (readonly [change: object, field: string])[] = [
      [{ version: 2 }, 'version'],
      [{ points: undefined }, 'points'],
      [{ points: [{ step: 0, lr: 1 }] }, 'points[0].loss'],
      [{ points: [{ step: 0, lr: -1, loss: 1 }] }, 'points[0].lr'],
      [{ points: [points[1], points[0]] }, 'points[1].step'],
      [{ validation: [{ ...points[0], accuracy: 95 }] }, 'validation[0].accuracy'],
      [{ startLr: 11 }, 'startLr'],
      [{ updatesPerRate: 0 }, 'updatesPerRate'],
      [{ stopped: { step: 1, reason: 'bored' } }, 'stopped.reason'],
    ];
    for (const [change, field] of bad) {
      for (const name of ['', 'a.json']) {
        const error = { field: name ? `${name}.${field}` : field };
        expect(() => parseTrace({ ...trace, ...change }, name)).toThrow(expect.objectContaining(error));
      }
    }
    const wrong: readonly (readonly [change: object, field: string])[] = [
      [{ policy: { type: 'constant', lr: -1 } }, 'policy.lr'],
      [{ from: 21 }, 'from'],
      [{ steps: [{ ...run.steps[0], momentum: 1 }] }, 'steps[0].momentum'],
      [{ troughs: [{ step: 1, cycle: 0.5 }] }, 'troughs[0].cycle'],
    ];
    for (const [change, field] of wrong) {
      expect(() => parseRun({ ...run, ...change })).toThrow(expect.objectContaining({ field }));
    }
  });
});

describe('nested policies', () => {
  const nested = (depth: number) => {
    let policy: object = { type: 'constant', lr: 1 };
    for (let level = 1; level < depth; level++) policy = { type: 'sequence', stages: [{ policy }] };
    return policy;
  };
  it(`may be ${maxNesting} deep and no deeper`, () => {
    usePolicy(parsePolicy(nested(maxNesting)));
    for (const depth of [maxNesting + 1, 600, 5000]) {
      for (const parse of [parsePolicy, toSchedule, (policy: never) => parseRun({ ...run, policy })]) {
        const error = read(() => (parse as (value: unknown) => unknown)(nested(depth)));
        expect(error).toBeUndefined();
        expect(() => (parse as (value: unknown) => unknown)(nested(depth))).toThrow(
          'at most 100 policies deep',
        );
      }
    }
    // A refused policy leaves no state behind.
    usePolicy(parsePolicy(nested(maxNesting)));
  });

  it('may be equally deep when factories make them', () => {
    let policy: Policy = table({ values: [1] });
    expect(() => {
      for (;;) policy = sequence([{ policy }]);
    }).toThrow('at most 100 policies deep');
    usePolicy(policy);
  });
});

describe('messages', () => {
  it('of factories and optimizers are safe too', () => {
    for (const call of [
      () => triangular2({ ...cycle, '\u001b[2J': 1 } as never),
      () => triangular2('x'.repeat(1e6) as never),
      () => sgd({ momentum: 'm'.repeat(1e6) as never }),
      () => adam({ ['b'.repeat(1e6)]: 1 } as never),
    ]) {
      expect(read<unknown>(call)).toBeUndefined();
    }
  });

  it('of any ClrError are cut if they are too long, and keep their line breaks', () => {
    const { message } = new ClrError('clr/core', {
      expected: 'e'.repeat(1e6),
      received: 'a\n\tb\u001b[0m',
      advice: '😀'.repeat(1e6),
    });
    expect(message.length).toBeLessThan(4100);
    expect(message).toContain('Received: a\n\tb\\u{1b}[0m\n');
  });
});
