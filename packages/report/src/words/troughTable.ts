import type { Trough } from '@clr/core';
import type { NamedRun } from './namedRun.ts';
import type { ReportTable } from './renderTable.ts';
import { formatCount, formatNumber, formatShare } from './words.ts';

/**
 * A table of the evaluations of several runs at their troughs, with one row per step.
 *
 * @example
 * ```ts
 * troughTable([{ name: 'CLR', run }]).columns; // ['step', 'CLR']
 * ```
 */
export function troughTable(runs: readonly NamedRun[]): ReportTable {
  const steps = [...new Set(runs.flatMap(({ run }) => run.troughs.map(({ step }) => step)))];
  const cell = (trough: Trough | undefined): string => {
    if (typeof trough?.accuracy === 'number') return formatShare(trough.accuracy);
    return typeof trough?.loss === 'number' ? `loss ${formatNumber(trough.loss, 4)}` : '–';
  };
  return {
    caption: 'Held out, at each trough',
    columns: ['step', ...runs.map(({ name }, index) => name || `run ${index + 1}`)],
    rows: steps
      .sort((a, b) => a - b)
      .map((step) => [
        formatCount(step),
        ...runs.map(({ run }) => cell(run.troughs.find((trough) => trough.step === step))),
      ]),
  };
}
