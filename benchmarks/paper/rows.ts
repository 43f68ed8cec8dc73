/** A result of the paper, or one to compare with it, and the run in this repository that gives it. */
export interface Row {
  readonly what: string;
  /** The published accuracy in percent, and its place in the paper. */
  readonly published?: readonly [accuracy: string, source: string];
  readonly experiment: string;
  /** The step at which the test set is evaluated. */
  readonly step: number;
}

/** The tables of docs/reproduction.md, by heading. */
export const tables: Readonly<Record<string, readonly Row[]>> = {
  'The quick net': [
    { what: 'Caffe’s solver, 500 steps', published: ['55.04', 'Caffe'], experiment: 'quick', step: 500 },
    { what: 'Caffe’s solver, all 5,000', published: ['75.33', 'Caffe'], experiment: 'quick', step: 5000 },
    { what: 'triangular2, .001 to .006, two cycles', experiment: 'quick-clr', step: 4000 },
    ...[0.001, 0.0015, 0.002, 0.003, 0.0045].map((lr) => ({
      what: `linear decay from ${lr}`,
      experiment: `quick-decay-${lr}`,
      step: 4000,
    })),
  ],
  'The full net, 4,000 steps': [
    {
      what: 'CLR (Table 2, end of cycle 1)',
      published: ['≈ 73', 'Fig. 1'],
      experiment: 'triangular2',
      step: 4000,
    },
    { what: 'fixed .001', published: ['62 to 68', 'Fig. 1'], experiment: 'fixed-8k', step: 4000 },
    { what: 'fixed .001, ÷10 at 3,200', experiment: 'drop-4k', step: 4000 },
    { what: 'autoClr, no rate given', experiment: 'auto-4k', step: 4000 },
    ...[0.001, 0.0015, 0.002, 0.003, 0.0045].map((lr) => ({
      what: `linear decay from ${lr}`,
      experiment: `decay-4k-${lr}`,
      step: 4000,
    })),
  ],
  'The full net, 8,000 steps': [
    {
      what: 'CLR (Table 2, end of cycle 2)',
      published: ['74 to 77', 'Fig. 1'],
      experiment: 'triangular2',
      step: 8000,
    },
    { what: 'fixed .001', published: ['68 to 73', 'Fig. 1'], experiment: 'fixed-8k', step: 8000 },
    { what: 'fixed .001, ÷10 at 6,400', experiment: 'drop-8k', step: 8000 },
    { what: 'autoClr, no rate given', experiment: 'auto-8k', step: 8000 },
    ...[0.001, 0.0015, 0.002, 0.003, 0.0045].map((lr) => ({
      what: `linear decay from ${lr}`,
      experiment: `decay-8k-${lr}`,
      step: 8000,
    })),
    { what: 'triangular2, triangular window', experiment: 'window-triangular', step: 8000 },
    { what: 'triangular2, Welch window', experiment: 'window-welch', step: 8000 },
    { what: 'triangular2, Hann window', experiment: 'window-hann', step: 8000 },
  ],
  'The full net, to the end': [
    { what: 'CLR, triangular2', published: ['81.4', 'Table 1'], experiment: 'triangular2', step: 25_000 },
    { what: 'fixed .001', published: ['75 to 78', 'Fig. 1'], experiment: 'fixed', step: 25_000 },
    { what: 'fixed .001, ÷10 at 20,000', experiment: 'drop-25k', step: 25_000 },
    { what: 'autoClr, no rate given', experiment: 'auto-25k', step: 25_000 },
    ...[0.001, 0.0015, 0.002, 0.003, 0.0045].map((lr) => ({
      what: `linear decay from ${lr}`,
      experiment: `decay-25k-${lr}`,
      step: 25_000,
    })),
    { what: 'decay .007 to .001', published: ['78.5', 'Table 1'], experiment: 'decay-control', step: 25_000 },
    {
      what: '1cycle, 25 epochs',
      published: ['81.3 ± .1', '1803.09820'],
      experiment: 'one-cycle-25',
      step: 9765,
    },
    {
      what: 'exp_range, both bounds',
      published: ['82.2', 'Table 1'],
      experiment: 'exp-range-bounds',
      step: 42_000,
    },
    { what: 'exp_range, both bounds, last trough', experiment: 'exp-range-bounds', step: 40_000 },
    {
      what: 'exp_range, amplitude',
      published: ['82.2', 'Table 1'],
      experiment: 'exp-range-amplitude',
      step: 42_000,
    },
    { what: 'exp', published: ['79.1', 'Table 1'], experiment: 'exp', step: 70_000 },
    { what: 'fixed, Caffe’s drops', published: ['81.4', 'Table 1'], experiment: 'fixed-70k', step: 70_000 },
  ],
  'Other solvers (Table 3), 25,000 steps': [
    ...(
      [
        ['nesterov', '81.3'],
        ['adam', '79.8'],
        ['rmsprop', '72.8'],
        ['adagrad', '76.0'],
      ] as const
    ).map(([name, accuracy]) => ({
      what: `${name}, triangular`,
      published: [accuracy, 'Table 3'] as const,
      experiment: `${name}-triangular`,
      step: 25_000,
    })),
  ],
  'The small version: half the channels, 10,000 images': [
    { what: 'CLR of Table 2, a tenth as long', experiment: 'small-triangular2', step: 2500 },
    { what: 'fixed .001, ÷10 at 2,000', experiment: 'small-drop', step: 2500 },
  ],
};
