import cosineRestarts from '@clr/tooling/oracle/cosine_restarts.json' with { type: 'json' };
import cyclicLr from '@clr/tooling/oracle/cyclic_lr.json' with { type: 'json' };
import decays from '@clr/tooling/oracle/decays.json' with { type: 'json' };
import keras from '@clr/tooling/oracle/keras.json' with { type: 'json' };
import oneCycle from '@clr/tooling/oracle/one_cycle.json' with { type: 'json' };
import optax from '@clr/tooling/oracle/optax.json' with { type: 'json' };
import timm from '@clr/tooling/oracle/timm.json' with { type: 'json' };

/** The rates of another library at some steps. */
export interface Rates {
  readonly steps: readonly number[];
  readonly rates: readonly (number | null)[];
  /** The largest error, relative to the highest rate. Default 1e-12. */
  readonly tolerance?: number;
}

/** Finds PyTorch's numbers for a call. */
function torch(file: { readonly cases: readonly { config: object; t: number[]; lr: (number | null)[] }[] }) {
  return (config: object): Rates => {
    const wanted = Object.entries(config);
    const found = file.cases.find(({ config: given }) =>
      wanted.every(([name, value]) => JSON.stringify(given[name as never]) === JSON.stringify(value)),
    );
    if (!found) throw new Error(`PyTorch's numbers do not have a case for ${JSON.stringify(config)}.`);
    return { steps: found.t, rates: found.lr };
  };
}
const others = (name: string): Rates => {
  const { lr } = cosineRestarts.otherSchedules.find((other) => other.name === name)!;
  return { steps: [...lr.keys()], rates: lr };
};
const cyclic = (more: object): Rates =>
  torch(cyclicLr)({ baseLr: 0.001, maxLr: 0.006, stepSizeUp: 2000, stepSizeDown: null, ...more });

/** The rates that a formula gives at the first `count` steps. */
function formula(count: number, rate: (step: number) => number): Rates {
  const steps = Array.from({ length: count }, (_, step) => step);
  return { steps, rates: steps.map(rate) };
}

const { PI, cos, floor, abs, max } = Math;
const halfCosine = (x: number): number => (1 + cos(PI * x)) / 2;
/** The rate at place `x` (0 to 1) of half a cosine from `a` to `b`, as in fastai's SchedCos. */
const between = (a: number, b: number, x: number): number => b + (a - b) * halfCosine(x);
const steps3 = (first: number, second: number) => (step: number) =>
  step < first ? 0.1 : step < second ? 0.01 : 0.001;
const restarts = (step: number, length: number): number =>
  step < length ? 0.1 * halfCosine(step / length) : restarts(step - length, 2 * length);

/** The formula of the Keras callback (clr_callback.py), with `scale` as its `scale_fn`. */
const kerasClr = (scale: (cycle: number, iteration: number) => number): Rates =>
  formula(20_001, (iteration) => {
    const cycle = floor(1 + iteration / (2 * 2000));
    const x = abs(iteration / 2000 - 2 * cycle + 1);
    return 0.001 + (0.006 - 0.001) * max(0, 1 - x) * scale(cycle, iteration);
  });

/** Keras has π in float32 in its cosines, even if all other numbers are float64. */
const withCosinesInFloat32 = (calls: Readonly<Record<string, Rates>>): Readonly<Record<string, Rates>> =>
  Object.fromEntries(
    Object.entries(calls).map(([call, rates]) => [
      call,
      call.startsWith('Cosine') ? { ...rates, tolerance: 1e-7 } : rates,
    ]),
  );

/** The rates of each call in the tables of docs/migrate, by its text. */
export const schedulesOfOthers: Readonly<Record<string, Rates>> = {
  // PyTorch: numbers that it computed, if `tooling/oracle` has them; otherwise its formula.
  'CyclicLR(optimizer, 0.001, 0.006, step_size_up=2000)': cyclic({ mode: 'triangular' }),
  'CyclicLR(optimizer, 0.001, 0.006, step_size_up=2000, step_size_down=1000)': cyclic({
    mode: 'triangular',
    stepSizeDown: 1000,
  }),
  "CyclicLR(optimizer, 0.001, 0.006, step_size_up=2000, mode='triangular2')": cyclic({ mode: 'triangular2' }),
  "CyclicLR(optimizer, 0.001, 0.006, step_size_up=2000, mode='exp_range', gamma=0.99994)": cyclic({
    mode: 'exp_range',
    gamma: 0.99994,
  }),
  'OneCycleLR(optimizer, 0.1, total_steps=1000)': torch(oneCycle)({
    ...{
      totalSteps: 1000,
      maxLr: 0.1,
      pctStart: 0.3,
      divFactor: 25,
      annealStrategy: 'cos',
      threePhase: false,
    },
  }),
  "OneCycleLR(optimizer, 0.1, total_steps=1000, anneal_strategy='linear', three_phase=True)": torch(oneCycle)(
    {
      ...{
        totalSteps: 1000,
        maxLr: 0.1,
        pctStart: 0.3,
        divFactor: 25,
        annealStrategy: 'linear',
        threePhase: true,
      },
    },
  ),
  'CosineAnnealingWarmRestarts(optimizer, T_0=50, T_mult=2, eta_min=0.001)': torch(cosineRestarts)({
    ...{ baseLr: 0.1, T0: 50, TMult: 2, etaMin: 0.001 },
  }),
  'CosineAnnealingLR(optimizer, T_max=20, eta_min=0.001)': others('CosineAnnealingLR'),
  'LinearLR(optimizer, start_factor=0.1, end_factor=1, total_iters=10)': others('LinearLR'),
  'PolynomialLR(optimizer, total_iters=40, power=2)': torch(decays)({
    ...{ maxLr: 0.1, steps: 40, warmup: 0, shape: { power: 2 } },
  }),
  'ExponentialLR(optimizer, gamma=0.95)': others('ExponentialLR'),
  'StepLR(optimizer, step_size=7, gamma=0.5)': others('StepLR'),
  'MultiStepLR(optimizer, milestones=[30, 80], gamma=0.1)': formula(120, steps3(30, 80)),
  'LambdaLR(optimizer, lambda t: 1 / (t + 1))': formula(50, (t) => 0.1 * (1 / (t + 1))),

  // Keras.
  'CyclicLR(base_lr=0.001, max_lr=0.006, step_size=2000.)': kerasClr(() => 1),
  "CyclicLR(base_lr=0.001, max_lr=0.006, step_size=2000., mode='triangular2')": kerasClr(
    (cycle) => 1 / 2 ** (cycle - 1),
  ),
  "CyclicLR(base_lr=0.001, max_lr=0.006, step_size=2000., mode='exp_range', gamma=0.99994)": kerasClr(
    (_, iteration) => 0.99994 ** iteration,
  ),
  "CyclicLR(base_lr=0.001, max_lr=0.006, step_size=2000., scale_fn=lambda x: 1/(x), scale_mode='cycle')":
    kerasClr((cycle) => 1 / cycle),
  ...withCosinesInFloat32(keras.calls),

  // fastai: combined_cos(0.25, lr/25, lr, lr/1e5) and the rest of fastai.callback.schedule, at step / T.
  'learn.fit_one_cycle(10, lr_max=0.1)': formula(1000, (step) => {
    const pos = step / 1000;
    return pos < 0.25 ? between(0.1 / 25, 0.1, pos / 0.25) : between(0.1, 0.1 / 1e5, (pos - 0.25) / 0.75);
  }),
  'learn.fit_flat_cos(10, lr=0.1)': formula(1000, (step) =>
    step < 750 ? 0.1 : between(0.1, 0.1 / 1e5, (step / 1000 - 0.75) / 0.25),
  ),
  'learn.fit_sgdr(3, 1, lr_max=0.1)': formula(700, (step) => restarts(step, 100)),
  'SchedLin(0.01, 0.1)': formula(1000, (step) => 0.01 + (step / 1000) * (0.1 - 0.01)),
  'SchedExp(0.001, 0.1)': formula(1000, (step) => 0.001 * (0.1 / 0.001) ** (step / 1000)),
  'SchedPoly(0.1, 0.001, 2)': formula(1000, (step) => 0.1 + (0.001 - 0.1) * (step / 1000) ** 2),

  ...optax.calls,
  ...timm.calls,
};
