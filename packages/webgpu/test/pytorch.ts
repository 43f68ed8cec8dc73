import {
  adagrad,
  adam,
  adamW,
  type Optimizer,
  rmsProp,
  type Schedule,
  type ScheduleLike,
  sgd,
} from '@clr/core';

/** One run of the oracle's `optimizers.json`. */
export interface OptimizerRun {
  readonly problem: 'quadratic' | 'mlp';
  readonly optimizer: string;
  readonly cls: 'SGD' | 'Adam' | 'AdamW' | 'RMSprop' | 'Adagrad';
  readonly options: {
    readonly momentum?: number;
    readonly nesterov?: boolean;
    readonly weight_decay?: number;
    readonly betas?: readonly [number, number];
    readonly eps?: number;
    readonly alpha?: number;
    readonly centered?: boolean;
    readonly initial_accumulator_value?: number;
    readonly lr_decay?: number;
  };
  readonly lr: readonly number[];
  readonly momentum?: readonly number[];
  readonly loss: readonly number[];
  /** The parameters after the last step. */
  readonly parameters: Readonly<Record<string, readonly number[]>>;
}

/** Converts PyTorch's optimizer to core's description of it. */
export function fromPyTorch({ cls, options: o }: OptimizerRun): Optimizer {
  const decay = o.weight_decay === undefined ? {} : { weightDecay: o.weight_decay };
  const momentum = o.momentum === undefined ? {} : { momentum: o.momentum };
  const epsilon = o.eps === undefined ? {} : { epsilon: o.eps };
  const betas = o.betas ? { beta1: o.betas[0], beta2: o.betas[1] } : {};
  switch (cls) {
    case 'SGD':
      return sgd({ ...momentum, ...decay, nesterov: o.nesterov ?? false });
    case 'Adam':
      return adam({ ...betas, ...epsilon, ...decay });
    case 'AdamW':
      return adamW({ ...betas, ...epsilon, ...decay });
    case 'RMSprop':
      return rmsProp({
        ...(o.alpha === undefined ? {} : { alpha: o.alpha }),
        centered: o.centered ?? false,
        ...momentum,
        ...decay,
        ...epsilon,
      });
    case 'Adagrad':
      return adagrad({ ...decay, initialAccumulator: o.initial_accumulator_value ?? 0 });
  }
}

/** The rates (and momenta) that PyTorch used, as a schedule; its `lr_decay` is folded into the rate. */
export function scheduleOf(run: OptimizerRun): ScheduleLike {
  const decay = run.options.lr_decay ?? 0;
  const schedule: Pick<Schedule, 'lr' | 'momentum'> = {
    lr: (step) => (run.lr[step % run.lr.length] as number) / (1 + step * decay),
    momentum: (step) => run.momentum?.[step % run.lr.length],
  };
  return schedule;
}
