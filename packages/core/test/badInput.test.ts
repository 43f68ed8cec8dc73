import { describe, expect, it } from 'vitest';
import {
  adam,
  adamW,
  ClrError,
  constant,
  cosineRestarts,
  cyclic,
  decay,
  expRange,
  fitToCycles,
  oneCycle,
  PolicyError,
  parsePolicy,
  ramp,
  rmsProp,
  sampleSchedule,
  sequence,
  sgd,
  table,
  toSchedule,
  triangular,
  triangular2,
  wsd,
} from '../src/index.ts';

const cycle = { type: 'triangular', baseLr: 0.001, maxLr: 0.006, stepSize: 2000 };
const sparse = [0.1, 0.2, 0.3];
delete sparse[1];
const without = (name: string): object => ({ ...cycle, [name]: undefined });

/** Bad data, the field that is blamed, and words that the message has to have. */
const bad: readonly (readonly [what: string, data: unknown, field: string, words: string])[] = [
  // bounds
  ['a negative base', { ...cycle, baseLr: -0.001 }, 'baseLr', 'baseLr = -0.001'],
  ['a negative max', { ...cycle, maxLr: -1 }, 'maxLr', 'maxLr = -1'],
  ['a max of 0', { ...cycle, baseLr: 0, maxLr: 0 }, 'maxLr', 'a finite number above 0'],
  ['a NaN', { ...cycle, maxLr: Number.NaN }, 'maxLr', 'maxLr = NaN'],
  ['an infinity', { ...cycle, maxLr: Number.POSITIVE_INFINITY }, 'maxLr', 'maxLr = Infinity'],
  ['a NaN base', { ...cycle, baseLr: Number.NaN }, 'baseLr', 'baseLr = NaN'],
  ['swapped bounds', { ...cycle, baseLr: 0.006, maxLr: 0.001 }, 'baseLr', 'at most maxLr (0.001)'],
  ['a stringly bound', { ...cycle, maxLr: '0.006' }, 'maxLr', 'maxLr = "0.006"'],
  ['a bound of null, as JSON has NaN', { ...cycle, maxLr: null }, 'maxLr', 'maxLr = null'],
  ['a boxed bound', { ...cycle, maxLr: Object(0.006) }, 'maxLr', 'maxLr = an object'],
  ['a missing bound', without('maxLr'), 'maxLr', 'maxLr = undefined'],
  ['a bigint', { ...cycle, maxLr: 1n }, 'maxLr', 'maxLr = 1'],
  ['a symbol', { ...cycle, maxLr: Symbol('lr') }, 'maxLr', 'maxLr = Symbol(lr)'],
  // step counts
  ['a stepSize of 0', { ...cycle, stepSize: 0 }, 'stepSize', 'a positive integer'],
  ['a negative stepSize', { ...cycle, stepSize: -5 }, 'stepSize', 'stepSize = -5'],
  ['a fractional stepSize', { ...cycle, stepSize: 2.5 }, 'stepSize', 'stepSize = 2.5'],
  ['a huge stepSize', { ...cycle, stepSize: 2 ** 53 }, 'stepSize', 'up to 2^52'],
  [
    'an infinite stepSize',
    { ...cycle, stepSize: Number.POSITIVE_INFINITY },
    'stepSize',
    'stepSize = Infinity',
  ],
  ['a stringly stepSize', { ...cycle, stepSize: '2000' }, 'stepSize', 'stepSize = "2000"'],
  ['a stepSizeDown of 0', { ...cycle, stepSizeDown: 0 }, 'stepSizeDown', 'stepSizeDown = 0'],
  ['a stepSizeDown of null', { ...cycle, stepSizeDown: null }, 'stepSizeDown', 'stepSizeDown = null'],
  // names
  ['no type', without('type'), 'type', 'type = undefined'],
  ['an unknown type', { ...cycle, type: 'sawtooth' }, 'type', 'to be one of '],
  ['a misspelt type', { ...cycle, type: 'tringular2' }, 'type', 'Did you mean "triangular2"?'],
  ['a camel-case type', { ...cycle, gamma: 0.9, type: 'expRange' }, 'type', 'Did you mean "exp_range"?'],
  ['a type that every object has', { ...cycle, type: 'constructor' }, 'type', 'type = "constructor"'],
  ['a misspelt field', { ...cycle, stepsize: 5 }, 'stepsize', 'Did you mean "stepSize"?'],
  ['a snake-case field', { ...cycle, max_lr: 5 }, 'max_lr', 'Did you mean "maxLr"?'],
  ['a field of another type', { ...cycle, gamma: 0.9 }, 'gamma', 'one of the fields baseLr, maxLr'],
  [
    'a misspelt momentum',
    { ...cycle, momentun: { base: 0, max: 1 } },
    'momentun',
    'Did you mean "momentum"?',
  ],
  ['a misspelt window', { ...cycle, window: 'hanning' }, 'window', '"triangular" or "welch" or "hann"'],
  // momentum
  ['a momentum above 1', { ...cycle, momentum: { base: 0.8, max: 1.1 } }, 'momentum.max', '[0, 1)'],
  ['a momentum of 1', { ...cycle, momentum: { base: 0.8, max: 1 } }, 'momentum.max', '[0, 1)'],
  [
    'a momentum of 1 in float32',
    { ...cycle, momentum: { base: 0.8, max: 1 - 1e-9 } },
    'momentum.max',
    '[0, 1)',
  ],
  ['a rate that float32 cannot hold', { ...cycle, maxLr: 1e39 }, 'maxLr', 'float32'],
  ['swapped momenta', { ...cycle, momentum: { base: 0.9, max: 0.8 } }, 'momentum.base', 'at most max (0.8)'],
  ['a momentum that is a number', { ...cycle, momentum: 0.9 }, 'momentum', 'an object with base, max'],
  [
    'a field too many in momentum',
    { ...cycle, momentum: { base: 0, max: 1, min: 0 } },
    'momentum.min',
    'min',
  ],
  // the other types
  ['a constant of 0', { type: 'constant', lr: 0 }, 'lr', 'lr = 0'],
  ['a gamma of 0', { ...cycle, type: 'exp_range', gamma: 0 }, 'gamma', '(0, 1]'],
  ['a gamma above 1', { ...cycle, type: 'exp_range', gamma: 1.5 }, 'gamma', 'gamma = 1.5'],
  ['no gamma', { ...cycle, type: 'exp_range' }, 'gamma', 'gamma = undefined'],
  [
    'an unknown decay',
    { ...cycle, type: 'exp_range', gamma: 0.9, decay: 'both' },
    'decay',
    '"amplitude" or "bounds"',
  ],
  ['an empty decay', { ...cycle, type: 'cyclic', decay: {} }, 'decay.type', '"geometric" or "harmonic"'],
  ['a decay of null', { ...cycle, type: 'cyclic', decay: null }, 'decay', 'decay = null'],
  [
    'half a decay',
    { ...cycle, type: 'cyclic', decay: { type: 'geometric', factor: 0.5, per: 'epoch', of: 'amplitude' } },
    'decay.per',
    '"cycle" or "step"',
  ],
  [
    'a harmonic factor',
    { ...cycle, type: 'cyclic', decay: { type: 'harmonic', factor: 1 } },
    'decay.factor',
    'factor',
  ],
  ['no totalSteps', { type: 'oneCycle', maxLr: 1 }, 'totalSteps', 'totalSteps = undefined'],
  ['a pctStart above 1', { type: 'oneCycle', maxLr: 1, totalSteps: 9, pctStart: 30 }, 'pctStart', '[0, 1]'],
  [
    'a divFactor below 1',
    { type: 'oneCycle', maxLr: 1, totalSteps: 9, divFactor: 0 },
    'divFactor',
    'at least 1',
  ],
  ...(['divFactor', 'finalDivFactor'] as const).map(
    (name) =>
      [
        `a ${name} a little below 1`,
        { type: 'oneCycle', maxLr: 1, totalSteps: 9, [name]: 0.99 },
        name,
        'a finite number of at least 1',
      ] as const,
  ),
  [
    'a misspelt anneal',
    { type: 'oneCycle', maxLr: 1, totalSteps: 9, anneal: 'cosine' },
    'anneal',
    '"cos" or "linear"',
  ],
  [
    'a flag of 1',
    { type: 'oneCycle', maxLr: 1, totalSteps: 9, threePhase: 1 },
    'threePhase',
    'true or false',
  ],
  [
    'a fractional multiplier',
    { type: 'cosineRestarts', baseLr: 0, maxLr: 1, firstCycle: 5, cycleMultiplier: 1.5 },
    'cycleMultiplier',
    'a positive integer',
  ],
  ['a decay of no length', { type: 'decay', maxLr: 1 }, 'steps', 'a positive integer'],
  ['a decay from 0', { type: 'decay', maxLr: 0, steps: 9 }, 'maxLr', 'above 0'],
  ['a decay that ends above its peak', { type: 'decay', maxLr: 1, steps: 9, finalLr: 2 }, 'finalLr', 'Swap'],
  ['a negative finalLr', { type: 'decay', maxLr: 1, steps: 9, finalLr: -1 }, 'finalLr', 'of at least 0'],
  ...[-1, 1.5, Infinity, Number.NaN, null, '0.5'].flatMap((length) =>
    (['warmup', 'cooldown'] as const).map(
      (name) =>
        [
          `a ${name} of ${String(length)}`,
          { type: 'wsd', maxLr: 1, steps: 9, [name]: length },
          name,
          'a share in [0, 1) or a positive integer of steps',
        ] as const,
    ),
  ),
  [
    'a warm-up as long as the decay',
    { type: 'decay', maxLr: 1, steps: 9, warmup: 9 },
    'warmup',
    'warmup to be short enough to leave 1 of 9 steps for the way down.\nReceived: warmup = 9\nShorten it',
  ],
  ['a decay that is all warm-up', { type: 'decay', maxLr: 1, steps: 1, warmup: 1 }, 'warmup', 'leave 1 of 1'],
  [
    'a warm-up and a cooldown longer than a cycle',
    { type: 'wsd', maxLr: 1, steps: 100, warmup: 81, cooldown: 0.2 },
    'warmup',
    'short enough to leave 20 of 100 steps for the way down',
  ],
  [
    'shares of more than a cycle',
    { type: 'wsd', maxLr: 1, steps: 100, warmup: 0.6, cooldown: 41 },
    'warmup',
    'leave 41 of 100 steps',
  ],
  ['a cooldown of 0', { type: 'wsd', maxLr: 1, steps: 9, cooldown: 0 }, 'cooldown', 'A constant policy'],
  ['half a cycle', { type: 'wsd', maxLr: 1, steps: 9, cycles: 0.5 }, 'cycles', 'a positive integer'],
  [
    'cycles longer than a counter counts',
    { type: 'wsd', maxLr: 1, steps: 2 ** 52, cycles: 2 },
    'cycles',
    'together no longer than 2^53 steps',
  ],
  ...['exponential', 'toString', 2, null, ['linear']].map(
    (shape) =>
      [
        `a shape of ${String(shape)}`,
        { type: 'decay', maxLr: 1, steps: 9, shape },
        'shape',
        'shape to be',
      ] as const,
  ),
  [
    'an unknown shape',
    { type: 'wsd', maxLr: 1, steps: 9, shape: 'exponential' },
    'shape',
    'shape to be linear, cosine, sqrt or { power }',
  ],
  ['a shape without power', { type: 'decay', maxLr: 1, steps: 9, shape: {} }, 'shape.power', 'above 0'],
  ['a power of 0', { type: 'wsd', maxLr: 1, steps: 9, shape: { power: 0 } }, 'shape.power', 'above 0'],
  [
    'an exponential ramp from 0',
    { type: 'ramp', startLr: 0, endLr: 1, steps: 9, spacing: 'exponential' },
    'startLr',
    'a finite number above 0',
  ],
  [
    'an exponential ramp to 0',
    { type: 'ramp', startLr: 1, endLr: 0, steps: 9, spacing: 'exponential' },
    'endLr',
    'a finite number above 0',
  ],
  ['no spacing', { type: 'ramp', startLr: 0, endLr: 1, steps: 9 }, 'spacing', '"linear" or "exponential"'],
  ['an empty table', { type: 'table', values: [] }, 'values', 'an array with entries'],
  ['a table that is typed', { type: 'table', values: new Float32Array(3) }, 'values', 'Array.from()'],
  ['a table with a hole', { type: 'table', values: sparse }, 'values[1]', 'values[1] = undefined'],
  ['a stage of null', { type: 'sequence', stages: [null] }, 'stages[0]', 'stages[0] = null'],
  [
    'stages longer than a counter counts',
    { type: 'sequence', stages: [1, 2, 3].map(() => ({ policy: cycle, steps: 2 ** 52 })) },
    'stages',
    'no longer than 2^53 steps',
  ],
  [
    'stages one step longer than a counter counts',
    { type: 'sequence', stages: [1, 2].map(() => ({ policy: cycle, steps: 2 ** 52 })) },
    'stages',
    'stages = 9007199254740992\nShorten them.',
  ],
  ['a bad rate in a table', { type: 'table', values: [0.1, Number.NaN] }, 'values[1]', 'values[1] = NaN'],
  ['a sequence of nothing', { type: 'sequence', stages: [] }, 'stages', 'an array with entries'],
  [
    'a stage without an end before the last',
    { type: 'sequence', stages: [{ policy: cycle }, { policy: cycle }] },
    'stages[0].steps',
    'stages[0].steps to be a positive integer.\nReceived: stages[0].steps = undefined\nOnly the last stage',
  ],
  [
    'a stage without an end in the middle',
    {
      type: 'sequence',
      stages: [{ policy: cycle, steps: 5 }, { policy: cycle }, { policy: cycle, steps: 5 }],
    },
    'stages[1].steps',
    'Only the last stage',
  ],
  [
    'a misspelt type inside',
    { type: 'sequence', stages: [{ policy: { ...cycle, type: 'triangle' } }] },
    'stages[0].policy.type',
    'Did you mean "triangular"?',
  ],
  [
    'no policy inside',
    { type: 'sequence', stages: [{ steps: 5 }] },
    'stages[0].policy',
    'stages[0].policy to be an object with a type',
  ],
  [
    'a bad policy deep inside',
    {
      type: 'sequence',
      stages: [
        {
          policy: {
            type: 'sequence',
            stages: [{ policy: cycle, steps: 5 }, { policy: { ...cycle, stepSize: 0 } }],
          },
        },
      ],
    },
    'stages[0].policy.stages[1].policy.stepSize',
    'stepSize = 0',
  ],
  [
    'swapped bounds inside',
    { type: 'sequence', stages: [{ policy: { ...cycle, baseLr: 1 } }] },
    'stages[0].policy.baseLr',
    'Swap',
  ],
  // what is no object
  ...[null, undefined, 'triangular', 5, true, [], () => 1].map(
    (value) => [`${String(value) || '[]'} for a policy`, value, 'policy', 'an object with a type'] as const,
  ),
  // hostile JSON
  [
    'a __proto__',
    JSON.parse('{"type":"constant","lr":1,"__proto__":{"polluted":true}}'),
    '__proto__',
    '__proto__',
  ],
  [
    'fields in __proto__ only',
    JSON.parse('{"type":"constant","__proto__":{"lr":1}}'),
    '__proto__',
    '__proto__',
  ],
  [
    'a constructor',
    JSON.parse('{"type":"constant","lr":1,"constructor":{"prototype":{}}}'),
    'constructor',
    'lr',
  ],
  ['a type __proto__', { type: '__proto__' }, 'type', 'type = "__proto__"'],
];

function errorOf(action: () => unknown): ClrError {
  try {
    action();
  } catch (error) {
    if (error instanceof ClrError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** The shape of every message: the package and what was expected; what came; what to do. */
const shape = /^\[clr\/core\] Expected [^\n]+ to be [^\n]+\.\nReceived: [^\n]+ = [^\n]+\n[A-Z][^\n]*[.?]$/;

describe('bad data', () => {
  it.each(bad)('%s', (_, data, field, words) => {
    const before = structuredCloneOrSame(data);
    const error = errorOf(() => parsePolicy(data));
    expect(error).toBeInstanceOf(PolicyError);
    expect(error).toMatchObject({ name: 'PolicyError', field });
    expect(error.message).toMatch(shape);
    expect(error.message).toContain(words);
    expect(data).toEqual(before);
  });

  it('pollutes nothing', () => {
    expect('polluted' in {}).toBe(false);
  });

  it('is refused by toSchedule, sampleSchedule and fitToCycles alike', () => {
    for (const [, data] of bad) {
      if (typeof data === 'function') continue;
      const source = data as never;
      expect(() => toSchedule(source)).toThrow(PolicyError);
      expect(() => sampleSchedule(source, { steps: 1 })).toThrow(PolicyError);
      expect(() => fitToCycles(source, 10)).toThrow(PolicyError);
    }
  });
});

function structuredCloneOrSame(data: unknown): unknown {
  try {
    return structuredClone(data);
  } catch {
    return data;
  }
}

describe('what is just legal', () => {
  const legal: readonly (readonly [what: string, data: object])[] = [
    ['divisors of 1', { type: 'oneCycle', maxLr: 1, totalSteps: 9, divFactor: 1, finalDivFactor: 1 }],
    ['a pctStart of 0', { type: 'oneCycle', maxLr: 1, totalSteps: 9, pctStart: 0 }],
    ['a pctStart of 1', { type: 'oneCycle', maxLr: 1, totalSteps: 9, pctStart: 1 }],
    ['a warm-up up to the last step', { type: 'decay', maxLr: 1, steps: 9, warmup: 8 }],
    ['a warm-up of nearly all', { type: 'decay', maxLr: 1, steps: 9, warmup: 0.999 }],
    ['a warm-up of 2^52 − 1 steps', { type: 'decay', maxLr: 1, steps: 2 ** 52, warmup: 2 ** 52 - 1 }],
    ['a decay that stays up', { type: 'decay', maxLr: 1, steps: 9, warmup: 0, finalLr: 1 }],
    ['shares of all', { type: 'wsd', maxLr: 1, steps: 9, warmup: 0.7, cooldown: 0.3 }],
    ['a cycle without a stable part', { type: 'wsd', maxLr: 1, steps: 9, warmup: 4, cooldown: 5 }],
    ['a cooldown of all', { type: 'wsd', maxLr: 1, steps: 9, warmup: 0, cooldown: 9 }],
    ['cycles of 2^53 − 1 steps', { type: 'wsd', maxLr: 1, steps: 1416003655831, cycles: 6361 }],
    ['as many steps as a counter counts', { type: 'wsd', maxLr: 1, steps: 1, cycles: 2 ** 52 }],
    ['a linear ramp from 0', { type: 'ramp', startLr: 0, endLr: 1, steps: 9, spacing: 'linear' }],
    ['a linear ramp to 0', { type: 'ramp', startLr: 1, endLr: 0, steps: 9, spacing: 'linear' }],
    ['a stretch of one step', { type: 'wsd', maxLr: 1, steps: 2, warmup: 1, cooldown: 1 }],
    [
      'stages as long as a counter counts, before one without an end',
      {
        type: 'sequence',
        stages: [{ policy: cycle, steps: 2 ** 52 }, { policy: cycle, steps: 2 ** 52 - 1 }, { policy: cycle }],
      },
    ],
  ];
  it.each(legal)('%s', (_, data) => {
    expect(parsePolicy(data)).toEqual(data);
  });
});

describe('bad options, said by the factory', () => {
  it('names the fields that the options may have', () => {
    expect(errorOf(() => oneCycle(null as never)).message).toBe(
      '[clr/core] Expected options to be an object with maxLr, totalSteps, pctStart, divFactor, ' +
        'finalDivFactor, anneal, threePhase, momentum.\nReceived: options = null\n' +
        'Give a plain object with named fields.',
    );
  });

  const options = { baseLr: 0.001, maxLr: 0.006, stepSize: 0 };
  const calls: readonly (readonly [name: string, field: string, call: () => unknown])[] = [
    ['constant', 'lr', () => constant({ lr: -1 })],
    ['triangular', 'stepSize', () => triangular(options)],
    ['triangular2', 'stepSize', () => triangular2(options)],
    ['expRange', 'stepSize', () => expRange({ ...options, gamma: 0.9 })],
    ['cyclic', 'stepSize', () => cyclic(options)],
    ['oneCycle', 'totalSteps', () => oneCycle({ maxLr: 1, totalSteps: 0.5 })],
    ['cosineRestarts', 'firstCycle', () => cosineRestarts({ baseLr: 0, maxLr: 1, firstCycle: 0 })],
    ['decay', 'steps', () => decay({ maxLr: 1, steps: 0 })],
    ['wsd', 'cycles', () => wsd({ maxLr: 1, steps: 5, cycles: 0 })],
    ['ramp', 'steps', () => ramp({ startLr: 0, endLr: 1, steps: 0, spacing: 'linear' })],
    ['table', 'values', () => table({ values: [] })],
    ['sequence', 'stages', () => sequence([])],
    ['no options', 'options', () => constant(undefined as never)],
    ['options that are null', 'options', () => triangular(null as never)],
    ['an optimizer of a number', 'options', () => sgd(0.9 as never)],
    ['sgd', 'momentum', () => sgd({ momentum: 1 })],
    ['sgd, stringly', 'nesterov', () => sgd({ nesterov: 'yes' as never })],
    ['sgd, misspelt', 'weight_decay', () => sgd({ weight_decay: 1 } as never)],
    ['adam', 'beta2', () => adam({ beta2: 1 })],
    ['adamW', 'epsilon', () => adamW({ epsilon: 0 })],
    ['rmsProp', 'alpha', () => rmsProp({ alpha: -1 })],
    ['sampleSchedule', 'steps', () => sampleSchedule(constant({ lr: 1 }), { steps: -1 })],
    ['sampleSchedule from', 'from', () => sampleSchedule(constant({ lr: 1 }), { steps: 1, from: 0.5 })],
    ['momentum of none', 'momentum', () => sampleSchedule(constant({ lr: 1 }), { steps: 1, of: 'momentum' })],
    ['fitToCycles', 'steps', () => fitToCycles(constant({ lr: 1 }), 0)],
  ];
  it.each(calls)('%s', (_, field, call) => {
    const error = errorOf(call);
    expect(error.message).toMatch(shape);
    expect(error.message).toContain(`${field} = `);
  });
});
