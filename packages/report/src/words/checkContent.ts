import { ClrError } from '@clr/core';
import { inWords } from './inWords.ts';
import type { NamedRun } from './namedRun.ts';
import type { ReportTable } from './renderTable.ts';

const refuse = (expected: string, received: string, advice: string): ClrError =>
  new ClrError('clr/report', { expected, received, advice });

/** Checks a list. `what` names its elements. */
export function checkList(name: string, value: unknown, what: string): void {
  if (Array.isArray(value)) return;
  throw refuse(
    `${name} to be an array of ${what}`,
    `${name} = ${inWords(value)}`,
    'Write [ … ], also for one.',
  );
}

/** Checks a text. */
export function checkText(name: string, value: unknown): void {
  if (typeof value === 'string') return;
  throw refuse(`${name} to be text`, `${name} = ${inWords(value)}`, 'Turn it into text.');
}

/** Checks a list of texts. */
export function checkTexts(name: string, value: unknown): void {
  checkList(name, value, 'texts');
  for (const [at, text] of (value as readonly unknown[]).entries()) checkText(`${name}[${at}]`, text);
}

/** Checks a table. */
export function checkTable(name: string, table: ReportTable): void {
  const { caption, columns, rows } = Object(table) as Partial<ReportTable>;
  checkText(`${name}.caption`, caption);
  checkTexts(`${name}.columns`, columns);
  checkList(`${name}.rows`, rows, 'rows');
  for (const [at, row] of rows!.entries()) checkTexts(`${name}.rows[${at}]`, row);
}

/** Checks named runs. */
export function checkRuns(name: string, value: unknown): asserts value is readonly NamedRun[] {
  checkList(name, value, '{ name, run }, with the runs of train');
  for (const [at, each] of (value as readonly unknown[]).entries()) {
    const { run } = Object(each) as Partial<NamedRun>;
    if (Array.isArray(run?.steps) && Array.isArray(run.troughs)) continue;
    throw refuse(
      `${name}[${at}] to be { name, run }, with a run of train`,
      `${name}[${at}] = ${'steps' in Object(each) ? 'a run without a name' : inWords(each)}`,
      "Give each run a name: { name: 'CLR', run }.",
    );
  }
}
