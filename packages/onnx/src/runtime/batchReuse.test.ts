import { sgd, train, triangular } from '@clr/core';
import * as ort from 'onnxruntime-node';
import { expect, it } from 'vitest';
import { smallBatch, smallModel } from '../../test/smallModel.ts';
import { type Batch, createTrainer, type OnnxTrainer } from '../index.ts';

const options = { loss: 'crossEntropy', optimizer: sgd({ momentum: 0.9 }) } as const;
const policy = triangular({ baseLr: 0.01, maxLr: 0.1, stepSize: 4 });
const steps = 12;

/** Yields batches that share their memory. It is refilled with new data for each batch. */
function* refilled(): Generator<Batch> {
  const [input, target] = [new Float32Array(32), new BigInt64Array(4)];
  for (let step = 0; ; step++) {
    const next = smallBatch(step);
    input.set(next.input?.data as Float32Array);
    target.set(next.target?.data as BigInt64Array);
    yield {
      input: new ort.Tensor('float32', input, [4, 8]),
      target: new ort.Tensor('int64', target, [4]),
    };
  }
}

function* separate(): Generator<Batch> {
  for (let step = 0; ; step++) yield smallBatch(step);
}

it('lets a generator refill the memory of a batch, because train() waits for each step', async () => {
  const trained = async (batches: Iterable<Batch>): Promise<Awaited<ReturnType<OnnxTrainer['snapshot']>>> => {
    const trainer = await createTrainer(ort, smallModel(), options);
    await train(trainer, batches, { policy, steps });
    const snapshot = await trainer.snapshot();
    await trainer.dispose();
    return snapshot;
  };
  expect(await trained(refilled())).toEqual(await trained(separate()));
});
