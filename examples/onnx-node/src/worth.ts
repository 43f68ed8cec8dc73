import { formatShare, type ReportTable } from '@clr/report';
import { type ScheduleName, scheduleNames } from './schedules.ts';
import type { Result } from './trainAll.ts';

type Outcome = Pick<Result, 'name' | 'epochs' | 'accuracy'>;

const epochsOf = (count: number): string => (count === 1 ? '1 epoch' : `${count} epochs`);

/** One row for each schedule, one column for each budget. */
export function worthTable(results: readonly Outcome[]): ReportTable {
  const budgets = [...new Set(results.map(({ epochs }) => epochs))];
  return {
    caption: 'Accuracy on the 10,000 test images at the end',
    columns: ['schedule', ...budgets.map(epochsOf)],
    rows: scheduleNames.map((name) => [
      name,
      ...budgets.map((epochs) => formatShare(accuracyOf(results, name, epochs))),
    ]),
  };
}

/** Describes what the schedules gained or lost. */
export function describeWorth(results: readonly Outcome[]): readonly string[] {
  const budgets = [...new Set(results.map(({ epochs }) => epochs))];
  const [least, most] = [Math.min(...budgets), Math.max(...budgets)];
  const share = (name: ScheduleName, epochs: number): string =>
    formatShare(accuracyOf(results, name, epochs));
  const goal = accuracyOf(results, 'decay', least);
  const reached = budgets.find((epochs) => accuracyOf(results, 'fixed rate', epochs) >= goal);
  const verdict =
    reached === undefined
      ? `The fixed rate did not get that far in ${epochsOf(most)}.`
      : reached === least
        ? 'The fixed rate got as far in the same number of steps.'
        : `The fixed rate needed ${epochsOf(reached)} to get as far.`;
  const fixed = accuracyOf(results, 'fixed rate', most);
  const error = 100 * Math.sqrt((fixed * (1 - fixed)) / 10_000);
  return [
    `After ${epochsOf(least)} the decay has ${share('decay', least)}, CLR ${share('CLR', least)}, the fixed rate ${share('fixed rate', least)}. ${verdict}`,
    ...(most > least
      ? [
          `After ${epochsOf(most)} the decay has ${share('decay', most)}, CLR ${share('CLR', most)}, the fixed rate ${share('fixed rate', most)}.`,
        ]
      : []),
    `Every figure is one run; an accuracy on 10,000 images has a standard error of about ${error.toFixed(2)} points.`,
  ];
}

function accuracyOf(results: readonly Outcome[], name: ScheduleName, epochs: number): number {
  return results.find((each) => each.name === name && each.epochs === epochs)?.accuracy ?? Number.NaN;
}
