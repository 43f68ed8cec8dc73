import {
  constant,
  cosineRestarts,
  cyclic,
  decay,
  expRange,
  oneCycle,
  type Policy,
  ramp,
  sequence,
  table,
  triangular,
  triangular2,
  wsd,
} from '@clr/core';

/** The size of a policy, which is kept when another kind is chosen. */
export interface Size {
  readonly low: number;
  readonly high: number;
  readonly steps: number;
}

/** A kind of policy in the page's menu. */
export interface Kind {
  readonly type: Policy['type'];
  readonly name: string;
  readonly about: string;
  /** Makes a policy of this kind with about this size. */
  readonly make: (size: Size) => Policy;
}

const whole = (steps: number): number => Math.max(1, Math.round(steps));
const half = ({ low: baseLr, high: maxLr, steps }: Size) => ({ baseLr, maxLr, stepSize: whole(steps / 8) });
const digits = (value: number): number => Number(value.toPrecision(3));

/** All kinds of core, in the order of the menu. */
export const kinds: readonly Kind[] = [
  {
    type: 'triangular',
    name: 'triangular',
    about: 'Up and down between two bounds: the first policy of the paper.',
    make: (size) => triangular(half(size)),
  },
  {
    type: 'triangular2',
    name: 'triangular2',
    about: 'Up and down; each cycle is half as high as the one before.',
    make: (size) => triangular2(half(size)),
  },
  {
    type: 'exp_range',
    name: 'exp_range',
    about: 'Up and down, a little lower with every step.',
    make: (size) => expRange({ ...half(size), gamma: Number((0.2 ** (1 / size.steps)).toFixed(6)) }),
  },
  {
    type: 'cyclic',
    name: 'cyclic',
    about: 'The general form of the three above.',
    make: (size) => cyclic({ ...half(size), decay: { type: 'harmonic' } }),
  },
  {
    type: 'oneCycle',
    name: 'oneCycle',
    about: 'Up once, then far below the start.',
    make: ({ high, steps }) => oneCycle({ maxLr: high, totalSteps: steps }),
  },
  {
    type: 'cosineRestarts',
    name: 'cosineRestarts',
    about: 'Half a cosine down, then a jump back up.',
    make: ({ low, high, steps }) =>
      cosineRestarts({ baseLr: low, maxLr: high, firstCycle: whole(steps / 4) }),
  },
  {
    type: 'decay',
    name: 'decay',
    about: 'A short warm-up, then one way down: for a fixed budget.',
    make: ({ high, steps }) => decay({ maxLr: high, steps }),
  },
  {
    type: 'wsd',
    name: 'wsd',
    about: 'Warm-up, stable, cooldown: for a run that may be extended.',
    make: ({ high, steps }) => wsd({ maxLr: high, steps }),
  },
  {
    type: 'ramp',
    name: 'ramp',
    about: 'One way from a rate to another.',
    make: ({ low, high, steps }) => ramp({ startLr: high, endLr: low, steps, spacing: 'linear' }),
  },
  {
    type: 'constant',
    name: 'constant',
    about: 'The same rate at every step.',
    make: ({ high }) => constant({ lr: high }),
  },
  {
    type: 'sequence',
    name: 'sequence',
    about: 'Policies one after another.',
    make: ({ low, high, steps }) =>
      sequence([
        {
          policy: triangular2({ baseLr: low, maxLr: high, stepSize: whole(steps / 8) }),
          steps: whole(steps / 2),
        },
        { policy: decay({ maxLr: digits((low + high) / 2), steps: whole(steps / 2), warmup: 0 }) },
      ]),
  },
  {
    type: 'table',
    name: 'table',
    about: 'A rate for each step; the last one stays.',
    make: ({ low, high }) =>
      table({ values: [high, high, high, (high + 3 * low) / 4, (high + 3 * low) / 4, low].map(digits) }),
  },
];

/** The kind of a policy. */
export const kindOf = (type: string): Kind => kinds.find((kind) => kind.type === type) ?? kinds[0]!;
