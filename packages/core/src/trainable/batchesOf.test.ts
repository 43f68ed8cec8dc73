import { describe, expect, it } from 'vitest';
import { linearTrainable } from '../../test/linearTrainable.ts';
import { batchesOf, constant, rangeTest, train, triangular } from '../index.ts';

const policy = constant({ lr: 0.01 });

/** Batches for the linear model, made from the size and the start of each place. */
const places = (made: object[] = []) =>
  batchesOf(triangular({ baseLr: 1, maxLr: 4, stepSize: 3 }), (place) => {
    made.push(place);
    return { x: 1 / place.size, y: place.start };
  });

describe('batchesOf', () => {
  it('makes a batch of each step’s size, one after another', async () => {
    const made: object[] = [];
    await train(linearTrainable(), places(made), { policy, steps: 8 });
    expect(made).toEqual([
      { step: 0, size: 1, start: 0 },
      { step: 1, size: 2, start: 1 },
      { step: 2, size: 3, start: 3 },
      { step: 3, size: 4, start: 6 },
      { step: 4, size: 3, start: 10 },
      { step: 5, size: 2, start: 13 },
      { step: 6, size: 1, start: 15 },
      { step: 7, size: 2, start: 16 },
    ]);
  });

  it('resumes with the batches of the later steps', async () => {
    const whole = linearTrainable();
    await train(whole, places(), { policy, steps: 9 });
    const first = linearTrainable();
    await train(first, places(), { policy, steps: 4 });
    const second = linearTrainable();
    const from = { step: 4, snapshot: await first.snapshot() };
    await train(second, places(), { policy, steps: 9, from });
    expect(second.state).toEqual(whole.state);
    expect(second.seen).toEqual(whole.seen.slice(4));
  });

  it('starts from the first batch in every range test', async () => {
    const made: { step: number }[] = [];
    const trainable = linearTrainable();
    await rangeTest(trainable, places(made as never), { startLr: 0.001, endLr: 0.002, steps: 3 });
    await rangeTest(trainable, places(made as never), { startLr: 0.001, endLr: 0.002, steps: 3 });
    expect(made.map(({ step }) => step)).toEqual([0, 1, 2, 0, 1, 2]);
  });

  it('waits for promises, and rounds to whole examples', async () => {
    const seen: number[] = [];
    for await (const size of batchesOf(
      (step) => 1.4 + step / 2,
      async ({ size }) => size,
    )) {
      if (seen.push(size) === 4) break;
    }
    expect(seen).toEqual([1, 2, 2, 3]);
  });

  it('refuses bad sizes, and a maker that is not a function', async () => {
    expect(() => batchesOf({ type: 'triangular' } as never, () => 1)).toThrow('sizes.baseLr');
    expect(() => batchesOf(policy, undefined as never)).toThrow('make to be a function');
    const tiny = train(
      linearTrainable(),
      batchesOf(
        () => 0.2,
        () => ({ x: 1, y: 1 }),
      ),
      { policy, steps: 1 },
    );
    await expect(tiny).rejects.toThrow(/the size of batch 0 to be a positive integer/);
  });
});
