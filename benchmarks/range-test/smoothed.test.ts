import { describe, expect, it } from 'vitest';
import { compare, tools } from './smoothed.ts';
import { readSweeps, storedSettings } from './store.ts';

/** One sweep of each setting, for a third of the settings to save time. `smoothed.ts` reads all sweeps. */
const some = storedSettings()
  .filter((_, i) => i % 3 === 0)
  .map((setting) => readSweeps(setting).find(({ sweep, seed }) => sweep === 'clr-200' && seed === 1)!);

describe.each(tools)('real sweeps, smoothed like %s', (tool) => {
  it('give the maxLr of the raw losses to within a tenth', () => {
    const ratios = some.flatMap((stored) => compare(stored, tool, 5).ratio ?? []);
    expect(ratios.length).toBeGreaterThan(10);
    for (const ratio of ratios) expect(Math.abs(ratio - 1)).toBeLessThan(0.1);
  });

  it('are recognised as smoothed in nine of ten cases', () => {
    const noticed = some.filter((stored) => compare(stored, tool, 6).noticed);
    expect(noticed.length / some.length).toBeGreaterThan(0.9);
  });
});
