import { adagrad, adam, adamW, type Optimizer, sgd } from '@clr/core';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { smallBatch, smallModel } from '../../test/smallModel.ts';
import { buildTrainingModel, createTrainer, type TrainingModel, type TrainingOptions } from '../index.ts';

const rates = Float32Array.of(0.01, 0.05, 0.1, 0.05, 0.02);
const momenta = Float32Array.of(0.95, 0.9, 0.85, 0.9, 0.95);

/** Runs a training model with ONNX Runtime alone: state and step number in, next state out. */
async function runAlone(model: TrainingModel, steps: number): Promise<Map<string, ort.Tensor>> {
  const session = await ort.InferenceSession.create(model.bytes);
  const state = new Map<string, ort.Tensor>(
    model.state.map(({ input, initial }) => [
      input,
      new ort.Tensor('float32', Float32Array.from(initial), [initial.length]),
    ]),
  );
  for (let step = 0; step < steps; step++) {
    const at = new ort.Tensor('int64', BigInt64Array.of(BigInt(step)), []);
    const feeds = { ...smallBatch(step), ...Object.fromEntries(state), [model.step as string]: at };
    const results = await session.run(feeds);
    for (const { input, output } of model.state) state.set(input, results[output as string] as ort.Tensor);
  }
  await session.release();
  return state;
}

describe('a schedule inside the training model', () => {
  const further = { weightDecay: Float32Array.of(0.1, 0.3, 0, 0.5), clipNorm: Float32Array.of(0.5, 2, 0.1) };

  it.each([
    ['sgd', sgd({ momentum: 0.9 }), {}],
    ['adam', adam(), {}],
    ['sgd with weight decay and clipping', sgd({ momentum: 0.9 }), further],
    ['adamW with weight decay', adamW(), { weightDecay: further.weightDecay }],
  ])(
    'acts like the same values given step by step, and repeats the last value after the end: %s',
    async (_name, optimizer, tables: Partial<typeof further>) => {
      const options: TrainingOptions = { loss: 'crossEntropy', optimizer };
      const model = buildTrainingModel(smallModel(), {
        ...options,
        schedule: { lr: rates, momentum: momenta, ...tables },
      });
      const { lr, momentum, weightDecay, clipNorm } = model;
      expect([lr, momentum, weightDecay, clipNorm]).toEqual(new Array(4).fill(undefined));
      const alone = await runAlone(model, 8);
      const names = Object.keys(tables) as (keyof typeof further)[];
      const trainer = await createTrainer(ort, smallModel(), { ...options, hyperparameters: names });
      const valueAt = (table: Float32Array, step: number) =>
        table[Math.min(step, table.length - 1)] as number;
      for (let step = 0; step < 8; step++) {
        await trainer.trainStep(smallBatch(step), {
          lr: valueAt(rates, step),
          momentum: valueAt(momenta, step),
          ...Object.fromEntries(names.map((name) => [name, valueAt(further[name], step)])),
        });
      }
      const { state } = await trainer.snapshot();
      for (const [input, tensor] of alone) expect(tensor.data).toEqual(state[input]);
      await trainer.dispose();
    },
  );

  it('keeps the momentum as an input if the schedule has rates only', () => {
    const options: TrainingOptions = { loss: 'crossEntropy', optimizer: sgd({ momentum: 0.8 }) };
    const model = buildTrainingModel(smallModel(), { ...options, schedule: { lr: rates } });
    expect(model.momentum).toEqual({ name: 'momentum', preset: 0.8 });
  });

  it.each([
    [new Float32Array(0)],
    [Float32Array.of(0.1, Number.NaN)],
    [[0.1, 0.2] as unknown as Float32Array],
  ])('refuses the rates %j', (lr) => {
    const options: TrainingOptions = { loss: 'crossEntropy', optimizer: sgd() };
    expect(() => buildTrainingModel(smallModel(), { ...options, schedule: { lr } })).toThrow(/schedule\.lr/);
  });

  it('refuses a value that is invalid or would have no effect, and names the step', () => {
    const build = (optimizer: Optimizer, ...momenta: number[]) =>
      buildTrainingModel(smallModel(), {
        loss: 'crossEntropy',
        optimizer,
        schedule: { lr: Float32Array.of(0.1), momentum: Float32Array.from(momenta) },
      });
    expect(() => build(sgd(), 0, 0.9)).toThrow(/schedule\.momentum\[1\] = 0\.8999.*no velocity/s);
    expect(() => build(adagrad(), 0.9)).toThrow(/schedule\.momentum\[0\]/);
    expect(() => build(sgd({ momentum: 0.9 }), 0.9, 1)).toThrow('schedule.momentum[1] = 1');
    build(sgd({ momentum: 0.9 }), 0.9, 0.85);
    const clipNorm = Float32Array.of(1, 0);
    const options = { loss: 'crossEntropy', optimizer: sgd(), schedule: { lr: rates, clipNorm } } as const;
    expect(() => buildTrainingModel(smallModel(), options)).toThrow('schedule.clipNorm[1] = 0');
  });
});
