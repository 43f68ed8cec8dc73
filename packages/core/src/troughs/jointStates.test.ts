import { describe, expect, it } from 'vitest';
import { examples, linearTrainable } from '../../test/linearTrainable.ts';
import { averageWeights } from './averageWeights.ts';
import { ensemble } from './ensemble.ts';

const states = [1, 2, 6].map((w) => ({ w, v: w / 10, updates: w }));

/** A model whose state must be unchanged afterwards. */
async function model() {
  const trainable = linearTrainable();
  await trainable.restore({ w: 9, v: 8, updates: 7 });
  return trainable;
}

describe('averageWeights', () => {
  it('gives the mean of the weights and the slots of the last snapshot, and does not change the model', async () => {
    const trainable = await model();
    expect(await averageWeights(trainable, states)).toEqual({ w: 3, v: 0.6, updates: 6 });
    expect(trainable.state).toEqual({ w: 9, v: 8, updates: 7 });
  });

  it('measures the running statistics of the average again on the given batches', async () => {
    const trainable = await model();
    const seen: [number, object][] = [];
    trainable.renewStatistics = async (batch) => {
      seen.push([trainable.state.w, batch]);
      await trainable.restore({ ...trainable.state, v: 0.25 });
    };
    expect(await averageWeights(trainable, states, examples.slice(0, 2))).toMatchObject({ w: 3, v: 0.25 });
    expect(seen).toEqual(examples.slice(0, 2).map((batch) => [3, batch]));
    expect(trainable.state).toEqual({ w: 9, v: 8, updates: 7 });
  });

  it('restores the model if measuring fails, and says what failed and where', async () => {
    const trainable = await model();
    trainable.renewStatistics = () => Promise.reject(new Error('mine'));
    await expect(averageWeights(trainable, states, examples)).rejects.toThrow(
      'Expected measuring statistics again to succeed.\nReceived: Error: mine of 3 snapshots',
    );
    expect(trainable.state).toEqual({ w: 9, v: 8, updates: 7 });
  });

  it('refuses an empty list, and a trainable without average()', async () => {
    const trainable = await model();
    await expect(averageWeights(trainable, [])).rejects.toThrow('Received: no snapshots');
    const { average: _, ...cannot } = trainable;
    await expect(averageWeights(cannot, states)).rejects.toThrow('Expected a Trainable with average()');
  });
});

describe('ensemble', () => {
  it('returns the mean of its members’ outputs, and does not change the model', async () => {
    const trainable = await model();
    const outputs = await ensemble(trainable, states).predict(examples);
    for (const [index, { x }] of examples.entries()) {
      expect(outputs[index]![0]).toBeCloseTo((x * (1 + 2 + 6)) / 3, 5);
    }
    expect(trainable.state).toEqual({ w: 9, v: 8, updates: 7 });
  });

  it('is scored by its mean outputs, weighted by examples', async () => {
    const trainable = await model();
    trainable.predictBatch = async ({ x, y }) => ({
      outputs: Float32Array.of(trainable.state.w * x),
      examples: x,
      score: ([output]) => ({ loss: output! - y, accuracy: output === 3 ? 1 : 0 }),
    });
    const batches = [
      { x: 1, y: 0 },
      { x: 3, y: 5 },
    ];
    // Means of outputs: 3 and 9; losses 3 and 4 on 1 and 3 examples.
    const metrics = await ensemble(trainable, states).evaluate(batches);
    expect(metrics).toEqual({ loss: (1 * 3 + 3 * 4) / 4, accuracy: 1 / 4 });
  });

  it('of one member equals that member', async () => {
    const trainable = await model();
    const alone = await ensemble(trainable, [states[2]!]).evaluate(examples);
    await trainable.restore(states[2]!);
    expect(alone.loss).toBeCloseTo((await trainable.evaluate(examples)).loss, 5);
    expect(alone.accuracy).toBeUndefined();
  });

  it('restores the model if a member fails', async () => {
    const trainable = await model();
    trainable.predictBatch = () => Promise.reject(new Error('mine'));
    await expect(ensemble(trainable, states).evaluate(examples)).rejects.toThrow(
      'Received: Error: mine by member 0 of',
    );
    expect(trainable.state).toEqual({ w: 9, v: 8, updates: 7 });
  });

  it('refuses an empty list, a trainable without predictBatch(), and batches that can be read only once', async () => {
    const trainable = await model();
    expect(() => ensemble(trainable, [])).toThrow('no snapshots');
    const { predictBatch: _, ...cannot } = trainable;
    expect(() => ensemble(cannot, states)).toThrow('Expected a Trainable with predictBatch()');
    await expect(ensemble(trainable, states).evaluate(examples.values())).rejects.toThrow('iterated again');
  });
});
