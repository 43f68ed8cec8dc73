import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createCollapseWatch } from './collapseWatch.ts';

const untrained = [2.3, 2.4, 2.2, 2.35, 2.25, 2.3, 2.3, 2.4, 2.2, 2.3];
const times = (count: number, loss: number) => Array.from({ length: count }, () => loss);

/** The index of the loss at which the watch reports a collapse; −1 if it reports none. */
function collapsesAfter(losses: readonly (number | null)[], from: readonly number[] = untrained): number {
  const watch = createCollapseWatch(from);
  return losses.findIndex((loss) => {
    watch.see(loss);
    return watch.collapsed;
  });
}

it('reports a collapse if the median of the last 20 losses shows that nine tenths of the gain are lost', () => {
  expect(collapsesAfter([...times(30, 0.3), ...times(40, 2.3)])).toBe(30 + 10);
  expect(collapsesAfter([...times(30, 0.3), ...times(40, 2.12)])).toBe(30 + 10);
  expect(collapsesAfter([...times(30, 0.3), ...times(40, 2.08)])).toBe(-1);
  expect(collapsesAfter([...times(5, 0.3), ...times(40, 2.3)])).toBe(19);
  expect(collapsesAfter([...times(30, 0.3), ...times(11, null as never)])).toBe(39);
});

it('reports no collapse if nothing was learned yet, or no untrained loss is known', () => {
  expect(collapsesAfter(times(500, 2.3))).toBe(-1);
  expect(collapsesAfter([...times(30, 1.9), ...times(40, 2.3)])).toBe(-1);
  expect(collapsesAfter([...times(30, 0.3), ...times(40, 2.3)], [])).toBe(-1);
});

it('reports no collapse in a noisy run whose loss falls', () => {
  const noise = fc.array(fc.double({ min: -0.15, max: 0.15, noNaN: true }), {
    minLength: 50,
    maxLength: 200,
  });
  fc.assert(
    fc.property(noise, fc.double({ min: 0.1, max: 2, noNaN: true }), (noises, fall) => {
      const losses = noises.map((off, i) => 2.3 - (fall * i) / noises.length + off);
      expect(collapsesAfter(losses)).toBe(-1);
    }),
  );
});
