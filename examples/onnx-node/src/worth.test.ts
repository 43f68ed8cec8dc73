import { describe, expect, it } from 'vitest';
import { scheduleNames } from './schedules.ts';
import { describeWorth, worthTable } from './worth.ts';

/** Outcomes from the accuracies of the fixed rate, CLR and the decay for each budget. */
function outcomes(byBudget: Readonly<Record<number, readonly [number, number, number]>>) {
  return Object.entries(byBudget).flatMap(([epochs, accuracies]) =>
    scheduleNames.map((name, index) => ({ name, epochs: Number(epochs), accuracy: accuracies[index]! })),
  );
}

describe('worthTable', () => {
  it('has a row for each schedule and a column for each budget', () => {
    const { columns, rows } = worthTable(outcomes({ 1: [0.97, 0.975, 0.98], 4: [0.985, 0.987, 0.99] }));
    expect(columns).toEqual(['schedule', '1 epoch', '4 epochs']);
    expect(rows).toEqual([
      ['fixed rate', '97.00 %', '98.50 %'],
      ['CLR', '97.50 %', '98.70 %'],
      ['decay', '98.00 %', '99.00 %'],
    ]);
  });
});

describe('describeWorth', () => {
  it.each([
    ['needed longer', { 1: [0.97, 0.975, 0.98], 2: [0.981, 0.98, 0.985] }, 'needed 2 epochs to get as far'],
    [
      "never reached the decay's accuracy",
      { 1: [0.97, 0.975, 0.98], 2: [0.975, 0.98, 0.985] },
      'did not get that far in 2 epochs',
    ],
    [
      'matched the decay in the smallest budget',
      { 1: [0.98, 0.97, 0.98] },
      'got as far in the same number of steps',
    ],
  ] as const)('says that the fixed rate %s', (_, byBudget, words) => {
    expect(describeWorth(outcomes(byBudget))[0]).toContain(`The fixed rate ${words}.`);
  });

  it('gives the standard error of one accuracy', () => {
    expect(describeWorth(outcomes({ 1: [0.95, 0.96, 0.97] })).at(-1)).toContain('about 0.22 points');
  });
});
