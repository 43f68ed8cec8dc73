import { adam, constant, rangeTest, sgd, train } from '@clr/core';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { oracleModel } from '../../test/oracle.ts';
import { distance, runModel, waves } from '../../test/runModel.ts';
import { readModel } from '../format/model.ts';
import { type Batch, buildModel, createTrainer, type TrainerOptions } from '../index.ts';
import { cutAt } from '../surgery/cutAt.ts';
import { forInference } from '../surgery/forInference.ts';
import { freezeBatchNorm } from '../surgery/freezeBatchNorm.ts';
import { freezeExcept } from '../surgery/freezeExcept.ts';

/** Numbered examples, and batches of them in a new order every epoch. */
function dataOf(model: string): {
  batches: (epoch: number) => Batch[];
  ids: (batch: Batch) => readonly number[];
} {
  const [first] = oracleModel(model).batches;
  const { input, target } = first!;
  const count = input.dims[0]!;
  const size = input.data.length / count;
  const known = new Map<Batch, readonly number[]>();
  const take = (rows: readonly number[]): Batch => {
    const data = Float32Array.from(
      rows.flatMap((row) => [...(input.data as Float32Array).slice(row * size, (row + 1) * size)]),
    );
    const labels = BigInt64Array.from(rows, (row) => target.data[row] as bigint);
    const batch = {
      input: new ort.Tensor('float32', data, [rows.length, ...input.dims.slice(1)]),
      target: new ort.Tensor('int64', labels, [rows.length]),
    };
    known.set(batch, rows);
    return batch;
  };
  const order = (epoch: number): number[] => Array.from({ length: count }, (_, i) => (i * 5 + epoch) % count);
  return {
    batches: (epoch) => [take(order(epoch).slice(0, 4)), take(order(epoch).slice(4, 8))],
    ids: (batch) => known.get(batch)!,
  };
}

const models = ['lenet', 'cifar-quick', 'resnet-mini'] as const;

describe('cacheFeatures', () => {
  it.each(models)('trains the last layers of %s with the same losses as without the cache', async (name) => {
    const bytes = freezeBatchNorm(oracleModel(name).bytes);
    const { batches, ids } = dataOf(name);
    const run = async (more: Partial<TrainerOptions>) => {
      const options = { loss: 'crossEntropy', optimizer: adam(), deterministic: true } as const;
      const trainable = freezeExcept(bytes, name === 'resnet-mini' ? 1 : 2);
      const trainer = await createTrainer(ort, bytes, { ...options, trainable, ...more });
      const { steps, final } = await train(trainer, batches, {
        policy: constant({ lr: 0.01 }),
        steps: 12,
        validation: batches(0),
      });
      const exported = await trainer.exportModel();
      const { points } = await rangeTest(trainer, batches, { startLr: 1e-4, endLr: 1, steps: 6 });
      await trainer.dispose();
      return { losses: [...steps, ...points, final!].map(({ loss }) => loss!), exported };
    };
    const [plain, cached] = [await run({}), await run({ cacheFeatures: ids })];
    plain.losses.forEach((loss, i) => {
      expect(Math.abs(cached.losses[i]! - loss)).toBeLessThan(1e-6 * Math.max(1, Math.abs(loss)));
    });
    expect(cached.exported.length).toBe(bytes.length);
    const batch = { ...batches(0)[0]! };
    const [a, b] = await Promise.all([plain, cached].map(({ exported }) => runModel(exported, batch)));
    expect(distance(a!.output!, b!.output!)).toBeLessThan(1e-4);
    // Frozen weights equal the file's, bit for bit.
    const stored = (model: Uint8Array) =>
      readModel(model).graph.initializer.map(({ rawData }) => Buffer.from(rawData).toString('hex'));
    const [before, after] = [stored(bytes), stored(cached.exported)];
    expect(after[0]).toBe(before[0]);
    expect(after.at(-1)).not.toBe(before.at(-1));
  });

  it('computes the frozen body once for each example, and then needs no model inputs', async () => {
    const { bytes } = oracleModel('lenet');
    const { batches, ids } = dataOf('lenet');
    const [batch] = batches(0);
    let asked = 0;
    const counting = {
      ...ort,
      InferenceSession: {
        create: async (...given: Parameters<typeof ort.InferenceSession.create>) => {
          const session = await ort.InferenceSession.create(...given);
          const own = session.run.bind(session);
          session.run = ((...feeds: Parameters<typeof own>) => {
            if ('input' in (feeds[0] as object)) asked += 1;
            return own(...feeds);
          }) as typeof session.run;
          return session;
        },
      },
    } as unknown as typeof ort;
    const trainer = await createTrainer(counting, bytes, {
      loss: 'crossEntropy',
      optimizer: sgd(),
      deterministic: true,
      trainable: freezeExcept(bytes, 1),
      cacheFeatures: (given) => (Object.hasOwn(given, 'input') ? ids(given) : ids(batch!)),
    });
    for (let i = 0; i < 3; i++) await trainer.trainStep(batch!, { lr: 0.1 });
    expect(asked).toBe(1);
    const { target } = batch!;
    expect(await (await trainer.trainStep({ target: target! }, { lr: 0.1 })).loss).toBeGreaterThan(0);
    await trainer.dispose();
  });

  it('applies dropout in every step, with the same masks as without the cache', async () => {
    const bytes = buildModel({
      input: [6],
      layers: [
        { type: 'dense', units: 8 },
        { type: 'relu' },
        { type: 'dropout', rate: 0.5 },
        { type: 'dense', units: 3 },
      ],
    });
    const batch = {
      input: waves([4, 6]),
      target: new ort.Tensor('int64', BigInt64Array.of(0n, 1n, 2n, 0n), [4]),
    };
    const losses = async (more: Partial<TrainerOptions>) => {
      const trainer = await createTrainer(ort, bytes, {
        loss: 'crossEntropy',
        optimizer: sgd(),
        deterministic: true,
        trainable: freezeExcept(bytes, 1),
        ...more,
      });
      const found: number[] = [];
      for (let i = 0; i < 6; i++) found.push(await (await trainer.trainStep(batch, { lr: 0 })).loss);
      found.push((await trainer.evaluate([batch])).loss);
      await trainer.dispose();
      return found;
    };
    const plain = await losses({});
    expect(new Set(plain).size).toBe(7);
    for (const [i, loss] of (await losses({ cacheFeatures: () => [0, 1, 2, 3] })).entries()) {
      expect(loss).toBeCloseTo(plain[i]!, 6);
    }
    // The model for inference has no dropout.
    const x = { input: batch.input };
    const [one, two] = [await runModel(forInference(bytes), x), await runModel(forInference(bytes), x)];
    expect(one.output?.data).toEqual(two.output?.data);
    expect(cutAt(bytes, 'output').length).toBeGreaterThan(0);
  });

  it('refuses models that cannot be cached, and invalid ids', async () => {
    const options = { loss: 'crossEntropy', optimizer: sgd(), cacheFeatures: () => [0] } as const;
    const { bytes, batches } = oracleModel('mlp');
    await expect(createTrainer(ort, bytes, options)).rejects.toThrow('a model whose first layer is trained');
    const trainable = freezeExcept(bytes, 1);
    const wrong = await createTrainer(ort, bytes, { ...options, trainable });
    await expect(wrong.trainStep({ ...batches[0]! }, { lr: 0.1 })).rejects.toThrow(
      /an id for each example.*1 ids/s,
    );
    await Promise.all([wrong.dispose(), wrong.dispose()]);
    await wrong.dispose();
    await expect(wrong.trainStep({ ...batches[0]! }, { lr: 0.1 })).rejects.toThrow('a call after dispose()');
    const none = await createTrainer(ort, bytes, {
      ...options,
      trainable,
      cacheFeatures: () => undefined as never,
    });
    await expect(none.trainStep({ ...batches[0]! }, { lr: 0.1 })).rejects.toThrow(
      'an id (a number or a string)',
    );
    await none.dispose();
    await expect(
      createTrainer(ort, bytes, { ...options, trainable, sizes: { input: [4, 20] } }),
    ).rejects.toThrow('without sizes');
  });
});
