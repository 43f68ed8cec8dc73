import type { Policy } from '@clr/core';

/** A policy that is being edited. Its numbers may be temporarily invalid. */
export type Draft = Readonly<Record<string, unknown>> & { readonly type: Policy['type'] };

interface Common {
  /** The field's path in the policy, such as `momentum.base`. */
  readonly path: string;
  readonly label: string;
  readonly hint?: string;
  /** True if it is shown among the rarely changed fields. */
  readonly more?: boolean;
  /** Tells whether the current policy has the field. Default: always. */
  readonly when?: (draft: Draft) => boolean;
}

/** A number, with a slider beside it. */
export interface NumberField extends Common {
  readonly kind: 'number';
  /** The slider's scale: equal steps, equal factors, or the number of nines after the point, as in 0.999. */
  readonly scale: 'linear' | 'log' | 'nines';
  readonly min: number;
  readonly max: number;
  readonly whole?: boolean;
  /** The value of an empty field, if the field may be empty. */
  readonly preset?: (draft: Draft) => number;
}

/** A choice among a few values, which may be any JSON. */
export interface ChoiceField extends Common {
  readonly kind: 'choice';
  readonly options: readonly { readonly label: string; readonly value: unknown }[];
  /** The option that applies if the policy does not name one. Default: the first. */
  readonly preset?: unknown;
}

/** A list as text. */
export interface TextField extends Common {
  readonly kind: 'text';
  readonly format: 'numbers' | 'json';
}

export type Field = NumberField | ChoiceField | TextField;

const rate = (path: string, label: string, further: Partial<NumberField> = {}): NumberField => ({
  ...{ kind: 'number', path, label, scale: 'log', min: 1e-6, max: 10 },
  ...further,
});
const steps = (path: string, label: string, further: Partial<NumberField> = {}): NumberField => ({
  ...{ kind: 'number', path, label, scale: 'log', min: 1, max: 100_000, whole: true },
  ...further,
});
const share = (
  path: string,
  label: string,
  preset: number,
  further: Partial<NumberField> = {},
): NumberField => ({
  ...{ kind: 'number', path, label, scale: 'linear', min: 0, max: 1, preset: () => preset },
  ...further,
});

const momentum: readonly Field[] = [
  {
    kind: 'choice',
    path: 'momentum',
    label: 'Momentum',
    more: true,
    options: [
      { label: 'not changed', value: undefined },
      { label: 'falls while the rate rises', value: { base: 0.85, max: 0.95 } },
    ],
  },
  ...(['base', 'max'] as const).map(
    (end): NumberField => ({
      ...{ kind: 'number', path: `momentum.${end}`, scale: 'linear', min: 0, max: 0.999, more: true },
      label: end === 'base' ? 'Momentum at the peak' : 'Momentum at the trough',
      when: (draft) => draft.momentum !== undefined,
    }),
  ),
];

const cycle: readonly Field[] = [
  rate('baseLr', 'Lower bound'),
  rate('maxLr', 'Upper bound'),
  steps('stepSize', 'Half a cycle', { hint: 'The length of the rise, in steps; the fall is as long.' }),
];
const cycleMore: readonly Field[] = [
  steps('stepSizeDown', 'Length of the fall', {
    more: true,
    preset: (draft) => Number(draft.stepSize),
  }),
  {
    kind: 'choice',
    path: 'window',
    label: 'Shape',
    more: true,
    options: [
      { label: 'triangle', value: undefined },
      { label: 'parabola (welch)', value: 'welch' },
      { label: 'raised cosine (hann)', value: 'hann' },
    ],
  },
  ...momentum,
];

const shape: readonly Field[] = [
  {
    kind: 'choice',
    path: 'shape',
    label: 'Shape of the fall',
    options: [
      { label: 'a line', value: undefined },
      { label: 'half a cosine', value: 'cosine' },
      { label: '1 − √x', value: 'sqrt' },
      { label: 'a late fall (REX)', value: 'rex' },
      { label: 'a polynomial', value: { power: 2 } },
    ],
  },
  {
    ...{ kind: 'number', path: 'shape.power', label: 'Power', scale: 'linear', min: 0.1, max: 6 },
    when: (draft) => typeof draft.shape === 'object',
  },
];
const stretchHint = 'A value below 1 is a share of the run; otherwise a number of steps.';

const isGeometric = (draft: Draft): boolean =>
  (draft.decay as { type?: string } | undefined)?.type === 'geometric';

/** The editable fields of each kind. */
export const fieldsOf: Readonly<Record<Policy['type'], readonly Field[]>> = {
  constant: [rate('lr', 'Learning rate')],
  triangular: [...cycle, ...cycleMore],
  triangular2: [...cycle, ...cycleMore],
  exp_range: [
    ...cycle,
    {
      kind: 'number',
      path: 'gamma',
      label: 'Share left after each step',
      scale: 'nines',
      min: 0.9,
      max: 0.999999,
    },
    {
      kind: 'choice',
      path: 'decay',
      label: 'What shrinks',
      options: [
        { label: 'the amplitude', value: undefined },
        { label: 'both bounds', value: 'bounds' },
      ],
    },
    ...cycleMore,
  ],
  cyclic: [
    ...cycle,
    {
      kind: 'choice',
      path: 'decay',
      label: 'How the cycles shrink',
      options: [
        { label: 'not at all', value: undefined },
        { label: 'as 1, ½, ⅓, … (harmonic)', value: { type: 'harmonic' } },
        {
          label: 'by a factor (geometric)',
          value: { type: 'geometric', factor: 0.6, per: 'cycle', of: 'amplitude' },
        },
      ],
    },
    {
      kind: 'number',
      path: 'decay.factor',
      label: 'Factor',
      scale: 'linear',
      min: 0.01,
      max: 1,
      when: isGeometric,
    },
    {
      ...{ kind: 'choice', path: 'decay.per', label: 'After each', when: isGeometric },
      options: [
        { label: 'cycle', value: 'cycle' },
        { label: 'step', value: 'step' },
      ],
    },
    {
      ...{ kind: 'choice', path: 'decay.of', label: 'What shrinks', when: isGeometric },
      options: [
        { label: 'the amplitude', value: 'amplitude' },
        { label: 'both bounds', value: 'bounds' },
      ],
    },
    ...cycleMore,
  ],
  oneCycle: [
    rate('maxLr', 'Peak'),
    steps('totalSteps', 'Steps of the run'),
    share('pctStart', 'Share of the rise', 0.3),
    {
      kind: 'choice',
      path: 'anneal',
      label: 'Shape',
      options: [
        { label: 'half a cosine', value: undefined },
        { label: 'a line', value: 'linear' },
      ],
    },
    {
      kind: 'choice',
      path: 'threePhase',
      label: 'Phases',
      more: true,
      options: [
        { label: 'up, then down', value: undefined },
        { label: 'up, down, then far down', value: true },
      ],
    },
    {
      ...{
        kind: 'number',
        path: 'divFactor',
        label: 'Peak divided by first rate',
        scale: 'log',
      },
      ...{ min: 1, max: 1000, more: true, preset: () => 25 },
    },
    {
      ...{ kind: 'number', path: 'finalDivFactor', label: 'First rate divided by last rate', scale: 'log' },
      ...{ min: 1, max: 1e6, more: true, preset: () => 1e4 },
    },
    ...momentum,
  ],
  cosineRestarts: [
    rate('baseLr', 'Rate at the end of a cycle'),
    rate('maxLr', 'Rate at the start of a cycle'),
    steps('firstCycle', 'First cycle'),
    {
      ...{
        kind: 'number',
        path: 'cycleMultiplier',
        label: 'Each cycle is longer by the factor',
        scale: 'linear',
      },
      ...{ min: 1, max: 4, whole: true, preset: () => 1 },
    },
  ],
  decay: [
    rate('maxLr', 'Peak'),
    steps('steps', 'Steps of the run'),
    share('warmup', 'Warm-up', 0.05, { hint: stretchHint }),
    ...shape,
    rate('finalLr', 'Rate at the end', { more: true, preset: () => 0 }),
  ],
  wsd: [
    rate('maxLr', 'Stable rate'),
    steps('steps', 'Steps of a cycle'),
    share('warmup', 'Warm-up', 0.05, { hint: stretchHint }),
    share('cooldown', 'Cooldown', 0.3, { hint: stretchHint }),
    ...shape,
    {
      ...{ kind: 'number', path: 'cycles', label: 'Cycles', scale: 'linear', min: 1, max: 12, whole: true },
      preset: () => 1,
    },
  ],
  ramp: [
    rate('startLr', 'First rate'),
    rate('endLr', 'Last rate'),
    steps('steps', 'Steps from first to last rate'),
    {
      kind: 'choice',
      path: 'spacing',
      label: 'Between two steps',
      options: [
        { label: 'equal differences', value: 'linear' },
        { label: 'equal ratios', value: 'exponential' },
      ],
    },
  ],
  sequence: [
    {
      ...{ kind: 'text', path: 'stages', label: 'Stages, as JSON', format: 'json' },
      hint: '[{ "policy": { … }, "steps": 1000 }, …, { "policy": { … } }]',
    },
  ],
  table: [{ kind: 'text', path: 'values', label: 'Rates, step by step', format: 'numbers' }],
};

/** The value at a path. */
export const at = (draft: object, path: string): unknown =>
  path
    .split('.')
    .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], draft);

/** The draft with another value at a path; `undefined` removes it. */
export function put<T extends object>(draft: T, path: string, value: unknown): T {
  const [key, ...rest] = path.split('.') as [string, ...string[]];
  const { [key]: old, ...others } = draft as Record<string, unknown>;
  const next = rest.length > 0 ? put((old ?? {}) as object, rest.join('.'), value) : value;
  if (next === undefined) return others as T;
  // Keep its position, so that copied code keeps its order.
  return (key in draft ? { ...draft, [key]: next } : { ...others, [key]: next }) as T;
}
