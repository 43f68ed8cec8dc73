import cosineRestarts from '@clr/tooling/oracle/cosine_restarts.json' with { type: 'json' };
import cyclicLr from '@clr/tooling/oracle/cyclic_lr.json' with { type: 'json' };
import decays from '@clr/tooling/oracle/decays.json' with { type: 'json' };
import oneCycle from '@clr/tooling/oracle/one_cycle.json' with { type: 'json' };

/** The rates of another library at some steps. */
export interface Rates {
  readonly steps: readonly number[];
  readonly rates: readonly (number | null)[];
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

const { PI, cos, floor, abs, max, min } = Math;
const halfCosine = (x: number): number => (1 + cos(PI * x)) / 2;
/** The rate at place `x` (0 to 1) of half a cosine from `a` to `b`, as in fastai's SchedCos and optax's one-cycle. */
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

const optaxOneCycle = (step: number): number =>
  step < 300 ? between(0.1 / 25, 0.1, step / 300) : between(0.1, 0.1 / (25 * 1e4), (step - 300) / 700);
const warmCosine = (step: number): number =>
  step < 100 ? (0.1 * step) / 100 : 0.1 * halfCosine(min(1, (step - 100) / 900));

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
  'CosineDecay(0.1, decay_steps=1000, alpha=0.01)': formula(
    1100,
    (step) => 0.1 * ((1 - 0.01) * halfCosine(min(step, 1000) / 1000) + 0.01),
  ),
  'CosineDecay(0.0, decay_steps=900, warmup_target=0.1, warmup_steps=100)': formula(1100, warmCosine),
  'CosineDecayRestarts(0.1, first_decay_steps=100, t_mul=2.0, m_mul=1.0)': formula(1500, (step) =>
    restarts(step, 100),
  ),
  'ExponentialDecay(0.1, decay_steps=1, decay_rate=0.99)': formula(300, (step) => 0.1 * 0.99 ** (step / 1)),
  'PolynomialDecay(0.1, decay_steps=1000, end_learning_rate=0.001, power=2.0)': formula(
    1100,
    (step) => (0.1 - 0.001) * (1 - min(step, 1000) / 1000) ** 2 + 0.001,
  ),
  'InverseTimeDecay(0.1, decay_steps=100, decay_rate=0.5)': formula(
    300,
    (step) => 0.1 / (1 + 0.5 * (step / 100)),
  ),
  'PiecewiseConstantDecay([99, 199], [0.1, 0.01, 0.001])': formula(300, (step) =>
    step <= 99 ? 0.1 : step <= 199 ? 0.01 : 0.001,
  ),

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

  // optax.
  'constant_schedule(0.1)': formula(10, () => 0.1),
  'linear_schedule(0.01, 0.1, transition_steps=100)': formula(
    150,
    (step) => (0.01 - 0.1) * (1 - min(step, 100) / 100) + 0.1,
  ),
  'exponential_decay(0.1, transition_steps=100, decay_rate=0.5)': formula(
    500,
    (step) => 0.1 * 0.5 ** (step / 100),
  ),
  'cosine_decay_schedule(0.1, decay_steps=1000, alpha=0.01)': formula(
    1100,
    (step) => 0.1 * ((1 - 0.01) * halfCosine(min(step, 1000) / 1000) + 0.01),
  ),
  'warmup_cosine_decay_schedule(0, 0.1, warmup_steps=100, decay_steps=1000)': formula(1100, warmCosine),
  'warmup_constant_schedule(0, 0.1, warmup_steps=100)': formula(200, (step) => (0.1 * min(step, 100)) / 100),
  'polynomial_schedule(0.1, 0.001, power=2, transition_steps=1000)': formula(
    1100,
    (step) => (0.1 - 0.001) * (1 - min(step, 1000) / 1000) ** 2 + 0.001,
  ),
  'cosine_onecycle_schedule(1000, 0.1)': formula(1000, optaxOneCycle),
  'piecewise_constant_schedule(0.1, {100: 0.1, 200: 0.1})': formula(300, steps3(100, 200)),
  'join_schedules([linear_schedule(0, 0.1, 50), constant_schedule(0.1)], [50])': formula(
    100,
    (step) => (0.1 * min(step, 50)) / 50,
  ),
  'sgdr_schedule([dict(init_value=0, peak_value=0.1, warmup_steps=10, decay_steps=100)] * 3)': formula(
    300,
    (step) => {
      const place = step % 100;
      return place < 10 ? (0.1 * place) / 10 : 0.1 * halfCosine((place - 10) / 90);
    },
  ),

  // timm.
  'CosineLRScheduler(optimizer, t_initial=1000, lr_min=0.001)': formula(
    1100,
    (t) => 0.001 + (0.1 - 0.001) * (t < 1000 ? halfCosine(t / 1000) : 0),
  ),
  'CosineLRScheduler(optimizer, t_initial=900, warmup_t=100, warmup_prefix=True)': formula(1100, warmCosine),
  'CosineLRScheduler(optimizer, t_initial=100, cycle_mul=2., cycle_limit=3)': formula(700, (step) =>
    restarts(step, 100),
  ),
  'PolyLRScheduler(optimizer, t_initial=1000, power=0.5, lr_min=0.001)': formula(
    1100,
    (t) => 0.001 + (0.1 - 0.001) * (t < 1000 ? 1 - t / 1000 : 0) ** 0.5,
  ),
  'StepLRScheduler(optimizer, decay_t=300, decay_rate=0.1)': formula(
    1000,
    (t) => 0.1 * 0.1 ** floor(t / 300),
  ),
  'MultiStepLRScheduler(optimizer, decay_t=[300, 600], decay_rate=0.1)': formula(
    1000,
    (t) => 0.1 * 0.1 ** [300, 600].filter((milestone) => milestone <= t + 1).length,
  ),
  'TanhLRScheduler(optimizer, t_initial=1000, lb=-7., ub=3., lr_min=0.001)': formula(
    1000,
    (t) => 0.001 + 0.5 * (0.1 - 0.001) * (1 - Math.tanh(-7 * (1 - t / 1000) + 3 * (t / 1000))),
  ),
};
