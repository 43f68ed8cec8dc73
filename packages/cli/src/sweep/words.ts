import { textTable } from '@clr/report/terminal';
import { describeFinding, formatRate } from '@clr/report/words';
import type { Collection, TrialRow } from '@clr/sweep';

const columns = ['job', 'rate', 'steps', 'loss', 'accuracy', 'id'];

const cellsOf = ({ id, label, lr, steps, loss, accuracy, stopped }: TrialRow): readonly string[] => [
  label,
  lr === null ? 'none' : formatRate(lr),
  stopped ? `${steps}, ${stopped}` : String(steps),
  loss === null ? 'not finite' : loss.toPrecision(4),
  typeof accuracy === 'number' ? `${(100 * accuracy).toFixed(2)} %` : '',
  id,
];

const counted = ({ length }: readonly unknown[]): string =>
  `${length} ${length === 1 ? 'result' : 'results'}`;

/** The results of a sweep as text for a terminal. */
export function inWords(
  { rows, rangeTests }: Collection,
  failed: readonly { readonly id: string; readonly error: string }[],
  out: string,
): string {
  const caption = `${counted(rows)}, in ${out}`;
  const trained = rows.filter(({ task, loss }) => task !== 'rangeTest' && loss !== null);
  const best = trained.reduce<TrialRow | undefined>(
    (least, row) => (least && least.loss! <= row.loss! ? least : row),
    undefined,
  );
  return [
    ...(rows.length > 0 ? [textTable({ caption, columns, rows: rows.map(cellsOf) })] : []),
    ...rangeTests.flatMap(({ label, ids, finding }) => [
      '',
      `${label} (${ids.length === 1 ? 'one test' : `${ids.length} tests together`}):`,
      ...describeFinding(finding).map((sentence) => `  ${sentence}`),
    ]),
    ...(trained.length > 1 && best ? ['', `The lowest loss: ${best.label}.`] : []),
    ...(failed.length > 0 ? ['', ...failed.map(({ id, error }) => `Failed: ${id}: ${error}`)] : []),
  ].join('\n');
}

/** The maximum number of curves that a reader can distinguish. */
const maxRuns = 8;

/** The results as an HTML page. */
export async function reportOf({ rows, rangeTests, runs }: Collection): Promise<string> {
  const { renderReport } = await import('@clr/report');
  const losses = new Map(rows.map(({ label, loss }) => [label, loss ?? Infinity]));
  const best = [...runs].sort((one, other) => losses.get(one.name)! - losses.get(other.name)!);
  return renderReport({
    title: 'A sweep',
    tables: [{ caption: counted(rows), columns, rows: rows.map(cellsOf) }],
    rangeTest: rangeTests.map(({ label, traces, finding }) => ({ name: label, trace: traces, finding })),
    runs: best.slice(0, maxRuns),
    ...(runs.length > maxRuns && {
      notes: [`Only the ${maxRuns} trainings with the lowest losses are drawn, of ${runs.length}.`],
    }),
  });
}
