import {
  type AdagradOptions,
  type AdamOptions,
  adagrad,
  adam,
  adamW,
  constant,
  type Hyper,
  type Optimizer,
  rmsProp,
  sgd,
  train,
} from '@clr/core';
import cycled from '@clr/tooling/oracle/hyperparameters.json' with { type: 'json' };
import oracle from '@clr/tooling/oracle/optimizers.json' with { type: 'json' };
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { makeModel } from '../../test/makeModel.ts';
import { DataType } from '../format/dataType.ts';
import { buildTrainingModel, createTrainer, type OnnxTrainer } from '../index.ts';

interface Run {
  readonly problem: string;
  readonly optimizer: string;
  readonly cls: string;
  readonly options: Readonly<Record<string, number | boolean | readonly number[]>>;
  readonly lr: readonly number[];
  readonly momentum?: readonly number[];
  readonly loss: readonly number[];
  /** The parameters after the last step. */
  readonly parameters: Readonly<Record<string, readonly number[]>>;
}

/** A PyTorch optimizer as an optimizer of @clr/core. */
function specOf({ cls, options }: Pick<Run, 'cls' | 'options'>): Optimizer {
  const number = (name: string): number => (options[name] as number | undefined) ?? 0;
  const betas = options.betas as readonly number[] | undefined;
  const adamOptions: AdamOptions = {
    ...(betas ? { beta1: betas[0] as number, beta2: betas[1] as number } : {}),
    ...(options.weight_decay === undefined ? {} : { weightDecay: number('weight_decay') }),
    ...(options.eps === undefined ? {} : { epsilon: number('eps') }),
  };
  switch (cls) {
    case 'SGD':
      return sgd({
        momentum: number('momentum'),
        nesterov: options.nesterov === true,
        weightDecay: number('weight_decay'),
      });
    case 'Adam':
      return adam(adamOptions);
    case 'AdamW':
      return adamW(adamOptions);
    case 'RMSprop':
      return rmsProp({
        ...(options.alpha === undefined ? {} : { alpha: number('alpha') }),
        momentum: number('momentum'),
        centered: options.centered === true,
        weightDecay: number('weight_decay'),
      });
    default: {
      const adagradOptions: AdagradOptions = { weightDecay: number('weight_decay') };
      return adagrad(adagradOptions);
    }
  }
}

/** The MLP with tanh and 5, 8 and 3 units that PyTorch trained. */
function mlp(init: Record<string, { shape: number[]; data: number[] }>): Uint8Array {
  return makeModel({
    inputs: [{ name: 'x', type: DataType.FLOAT, dims: ['{batch}', 5] }],
    outputs: [{ name: 'y', type: DataType.FLOAT, dims: ['{batch}', 3] }],
    initializers: Object.entries(init).map(([name, { shape, data }]) => ({
      name,
      type: DataType.FLOAT,
      dims: shape,
      values: data,
    })),
    nodes: [
      { op: 'Gemm', inputs: ['x', 'w1', 'b1'], outputs: ['h'], attributes: { transB: 1 } },
      { op: 'Tanh', inputs: ['h'], outputs: ['t'] },
      { op: 'Gemm', inputs: ['t', 'w2', 'b2'], outputs: ['y'], attributes: { transB: 1 } },
    ],
  });
}

describe('an optimizer', () => {
  const { X, Y, init } = oracle.problems.mlp;
  const runs = (oracle.runs as unknown as readonly Run[]).filter(
    // clr has no rate decay apart from the schedule.
    ({ problem, options }) => problem === 'mlp' && !('lr_decay' in options),
  );

  it.each(runs)('gives the losses and parameters of PyTorch: $optimizer', async (run) => {
    const trainer = await createTrainer(ort, mlp(init), { loss: 'crossEntropy', optimizer: specOf(run) });
    const batch = {
      x: new ort.Tensor('float32', Float32Array.from(X.flat()), [12, 5]),
      target: new ort.Tensor('int64', BigInt64Array.from(Y.map(BigInt)), [12]),
    };
    for (let step = 0; step < 20; step++) {
      const momentum = run.momentum?.[step];
      const hyper = { lr: run.lr[step] as number, ...(momentum === undefined ? {} : { momentum }) };
      const { loss } = await trainer.trainStep(batch, hyper);
      expect(await loss).toBeCloseTo(run.loss[step] as number, 5);
    }
    const parameters = await trainer.parameters();
    for (const [name, expected] of Object.entries(run.parameters)) {
      const { data } = parameters.get(name) as { data: Float32Array };
      expected.forEach((value, i) => {
        expect(Math.abs((data[i] as number) - value), `${name}[${i}]`).toBeLessThan(2e-6);
      });
    }
    await trainer.dispose();
  });
});

interface CycledRun extends Omit<Run, 'lr' | 'momentum'> {
  readonly lr: number;
  readonly weightDecay?: readonly number[];
  readonly clipNorm?: readonly number[];
}

describe('weight decay and clipping that change at every step', () => {
  const { X, Y, init } = cycled.problems.mlp;
  const runs = (cycled.runs as unknown as readonly CycledRun[]).filter(({ problem }) => problem === 'mlp');
  const batch = {
    x: new ort.Tensor('float32', Float32Array.from(X.flat()), [12, 5]),
    target: new ort.Tensor('int64', BigInt64Array.from(Y.map(BigInt)), [12]),
  };
  const expectEqual = async (trainer: OnnxTrainer, expected: Run['parameters']) => {
    const parameters = await trainer.parameters();
    for (const [name, values] of Object.entries(expected)) {
      const { data } = parameters.get(name) as { data: Float32Array };
      values.forEach((value, i) => {
        expect(Math.abs((data[i] as number) - value), `${name}[${i}]`).toBeLessThan(2e-6);
      });
    }
  };
  const optionsOf = (run: CycledRun) =>
    ({
      loss: 'crossEntropy',
      optimizer: specOf(run),
      hyperparameters: (['weightDecay', 'clipNorm'] as const).filter((name) => run[name]),
    }) as const;
  const hyperOf = (run: CycledRun): Hyper =>
    Object.fromEntries(
      (['weightDecay', 'clipNorm'] as const).flatMap((name) => {
        const values = run[name];
        return values ? [[name, (step: number) => values[step] as number]] : [];
      }),
    );

  it.each(runs)('give the losses and parameters of PyTorch: $optimizer', async (run) => {
    const trainer = await createTrainer(ort, mlp(init), optionsOf(run));
    const { steps } = await train(trainer, [batch], {
      policy: constant({ lr: run.lr }),
      steps: 20,
      hyper: hyperOf(run),
    });
    steps.forEach(({ loss }, step) => {
      expect(loss).toBeCloseTo(run.loss[step] as number, 5);
    });
    await expectEqual(trainer, run.parameters);
    await trainer.dispose();
  });
});

describe('hyperparameters', () => {
  const options = { loss: 'crossEntropy', optimizer: adamW({ weightDecay: 0.05 }), clipNorm: 0.25 } as const;

  it('leave the graph unchanged unless they are requested', () => {
    const bytes = mlp(cycled.problems.mlp.init);
    const plain = buildTrainingModel(bytes, options);
    expect(buildTrainingModel(bytes, { ...options, hyperparameters: [] }).bytes).toEqual(plain.bytes);
    expect([plain.weightDecay, plain.clipNorm]).toEqual([undefined, undefined]);
    const both = buildTrainingModel(bytes, { ...options, hyperparameters: ['clipNorm', 'weightDecay'] });
    expect(both.weightDecay).toEqual({ name: 'weightDecay', preset: 0.05 });
    expect(both.clipNorm).toEqual({ name: 'clipNorm', preset: 0.25 });
  });

  it("use the options' values if a step gives none, and clip nothing if the options have no `clipNorm`", async () => {
    const { X, Y, init } = cycled.problems.mlp;
    const batch = {
      x: new ort.Tensor('float32', Float32Array.from(X.flat()), [12, 5]),
      target: new ort.Tensor('int64', BigInt64Array.from(Y.map(BigInt)), [12]),
    };
    const weightsAfter = async (given: object) => {
      const trainer = await createTrainer(ort, mlp(init), { ...options, ...given });
      for (let step = 0; step < 5; step++) await trainer.trainStep(batch, { lr: 0.01 });
      const parameters = await trainer.parameters();
      await trainer.dispose();
      return parameters;
    };
    const hyperparameters = ['weightDecay', 'clipNorm'];
    for (const clipNorm of [0.25, undefined]) {
      expect(await weightsAfter({ clipNorm, hyperparameters })).toEqual(await weightsAfter({ clipNorm }));
    }
  });

  it('are refused before the first step if they were not requested', async () => {
    const trainer = await createTrainer(ort, mlp(cycled.problems.mlp.init), options);
    const policy = constant({ lr: 0.1 });
    await expect(train(trainer, [{}], { policy, steps: 1, hyper: { weightDecay: 0.1 } })).rejects.toThrow(
      'hyper.weightDecay to be absent: this Trainable takes lr, momentum.',
    );
    await expect(trainer.trainStep({}, { lr: 0.1, clipNorm: 1 })).rejects.toThrow('clipNorm to be absent');
    await trainer.dispose();
  });
});

/** A model whose loss is Σ w²/2, so that the gradient of w is w. */
const bowl = makeModel({
  outputs: [{ name: 'loss', type: DataType.FLOAT, dims: [] }],
  initializers: [{ name: 'w', type: DataType.FLOAT, dims: [3], values: [1, -2, 0.5] }],
  nodes: [
    { op: 'Mul', inputs: ['w', 'w'], outputs: ['square'] },
    { op: 'Constant', inputs: [], outputs: ['half'], attributes: { value_float: { float: 0.5 } } },
    { op: 'ReduceSum', inputs: ['square'], outputs: ['sum'], attributes: { keepdims: 0 } },
    { op: 'Mul', inputs: ['sum', 'half'], outputs: ['loss'] },
  ],
});

describe('features that PyTorch does not have', () => {
  const rates = [0.1, 0.3, 0.05, 0.2];
  const momenta = [0.9, 0.8, 0.95, 0.5];
  const weightsOf = async (trainer: OnnxTrainer): Promise<Float32Array> =>
    (await trainer.parameters()).get('w')?.data as Float32Array;

  it.each([false, true])("SGD supports velocity: 'update' with Nesterov %s", async (nesterov) => {
    const optimizer = sgd({ momentum: 0.9, nesterov, velocity: 'update', weightDecay: 0.1 });
    const trainer = await createTrainer(ort, bowl, { loss: { output: 'loss' }, optimizer });
    const w = [1, -2, 0.5];
    const v = [0, 0, 0];
    for (let step = 0; step < 4; step++) {
      const [lr, mu] = [rates[step] as number, momenta[step] as number];
      await trainer.trainStep({}, { lr, momentum: mu });
      for (let i = 0; i < 3; i++) {
        const before = v[i] as number;
        const now = mu * before + lr * 1.1 * (w[i] as number);
        w[i] = (w[i] as number) - (nesterov ? (1 + mu) * now - mu * before : now);
        v[i] = now;
      }
    }
    const trained = await weightsOf(trainer);
    w.forEach((value, i) => {
      expect(trained[i]).toBeCloseTo(value, 6);
    });
    await trainer.dispose();
  });

  it.each([
    ['the optimizer’s', sgd({ weightDecay: 0.2 }), {}],
    ['a step’s', sgd(), { weightDecay: 0.2 }],
  ])(
    'groups scale the rate and %s weight decay of the parameters they match',
    async (_, optimizer, hyper) => {
      const groups = [{ match: (name: string) => name === 'w', lrScale: 2, weightDecayScale: 0.5 }];
      const trainer = await createTrainer(ort, bowl, {
        ...{ loss: { output: 'loss' }, optimizer, groups },
        hyperparameters: ['weightDecay'],
      });
      await trainer.trainStep({}, { lr: 0.1, ...hyper });
      const trained = await weightsOf(trainer);
      [1, -2, 0.5].forEach((value, i) => {
        expect(trained[i]).toBeCloseTo(value - 0.2 * 1.1 * value, 6);
      });
      await trainer.dispose();
    },
  );

  it('clipNorm scales longer gradients down, and leaves shorter ones unchanged', async () => {
    const norm = Math.hypot(1, 2, 0.5);
    for (const [clipNorm, factor] of [
      [0.5, 0.5 / norm],
      [10, 1],
    ] as const) {
      const trainer = await createTrainer(ort, bowl, {
        loss: { output: 'loss' },
        optimizer: sgd(),
        clipNorm,
      });
      await trainer.trainStep({}, { lr: 0.1 });
      const trained = await weightsOf(trainer);
      [1, -2, 0.5].forEach((value, i) => {
        expect(trained[i]).toBeCloseTo(value - 0.1 * factor * value, 5);
      });
      await trainer.dispose();
    }
  });
});
