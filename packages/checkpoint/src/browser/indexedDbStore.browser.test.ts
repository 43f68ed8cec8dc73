import { describe, expect, it } from 'vitest';
import { indexedDbStore } from './indexedDbStore.ts';

describe('a checkpoint in IndexedDB', () => {
  it('is loaded by its name, as it was saved last', async () => {
    const [digits, letters] = [indexedDbStore('digits'), indexedDbStore('letters')];
    expect(await digits.load()).toBeUndefined();
    const weights = Float32Array.of(1, Number.NaN);
    await digits.save({ step: 1, snapshot: { weights } });
    await letters.save({ step: 2, snapshot: { weights: Float64Array.of(3) }, extra: { seed: 4 } });
    await digits.save({ step: 3, snapshot: { weights } });
    expect(await digits.load()).toEqual({ step: 3, snapshot: { weights } });
    expect(await letters.load()).toEqual({
      step: 2,
      snapshot: { weights: Float64Array.of(3) },
      extra: { seed: 4 },
    });
  });

  it('that is refused does not replace the previous one', async () => {
    const store = indexedDbStore('kept');
    const snapshot = { weights: Float32Array.of(1) };
    await store.save({ step: 1, snapshot });
    await expect(store.save({ step: -1, snapshot })).rejects.toThrow('step = -1');
    expect((await store.load())?.step).toBe(1);
  });
});
