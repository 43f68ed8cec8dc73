import { fail, listed } from '../errors.ts';
import type { Column, CurveOptions, CurveTable } from './curve.ts';

type Role = 'lr' | 'loss';

/** The names that `fromCsv` and `fromJson` give to columns without a name. */
const unnamed = /^(column \d+|first|second)$/;

/** Chooses the columns of the learning rate and the loss: by the options, or by guessing from the names. */
export function chooseColumns(
  { columns }: CurveTable,
  options: CurveOptions,
  name: string,
): { readonly lr: Column; readonly loss: Column; readonly guessed: boolean } {
  const lr = named(columns, 'lr', options.lr, name) ?? guess(columns, 'lr', name);
  const rest = columns.filter((column) => column !== lr);
  const loss = named(columns, 'loss', options.loss, name) ?? guess(rest, 'loss', name);
  const missing = lr === undefined ? 'lr' : loss === undefined ? 'loss' : undefined;
  if (lr && loss) return { lr, loss, guessed: options.lr === undefined || options.loss === undefined };
  throw fail(
    `a ${words[missing as Role]} in ${name}`,
    `${listed(columns.map((column) => column.name))}`,
    `Say which it is: --${missing} NAME (or the option ${missing}).`,
  );
}

const words: Readonly<Record<Role, string>> = { lr: 'learning rate', loss: 'loss' };

function named(
  columns: readonly Column[],
  role: Role,
  wanted: string | undefined,
  name: string,
): Column | undefined {
  if (wanted === undefined) return undefined;
  const found = columns.find((column) => column.name === wanted);
  if (found) return found;
  throw fail(
    `a column "${wanted}" in ${name}, for the ${words[role]}`,
    listed(columns.map((column) => column.name)),
    `Give one of these names: --${role} NAME, or the option ${role}.`,
  );
}

/** How well a name fits a role. Higher is better; 0 means that it does not fit. */
const scores: Readonly<Record<Role, (name: string) => number>> = {
  lr: (name) => {
    if (/^(lrs?|learning[ _-]?rates?)$/i.test(name)) return 3;
    return /(^|[^a-z])(lr|learning[ _-]?rate)([^a-z]|$)/i.test(name) ? 2 : 0;
  },
  loss: (name) => {
    if (/^(loss|losses)$/i.test(name)) return 5;
    if (!/loss/i.test(name)) return 0;
    if (/val|test|eval|dev/i.test(name)) return 1;
    if (/smooth|avg|ema/i.test(name)) return 2;
    return /train|batch|step/i.test(name) ? 4 : 3;
  },
};

function guess(columns: readonly Column[], role: Role, name: string): Column | undefined {
  const rated = columns.map((column) => ({ column, score: scores[role](column.name) }));
  const best = Math.max(0, ...rated.map(({ score }) => score));
  if (best === 0) return byValues(columns, role);
  const found = rated.filter(({ score }) => score === best).map(({ column }) => column);
  const [first] = found;
  // Parameter groups with equal rates count as one.
  if (found.every((column) => String(column.values) === String(first?.values))) return first;
  throw fail(
    `one ${words[role]} in ${name}`,
    listed(found.map((column) => column.name)),
    `Say which: --${role} NAME (or the option ${role}).`,
  );
}

/** If both columns of a table have no name, the rate is the one that is positive and rises. */
function byValues(columns: readonly Column[], role: Role): Column | undefined {
  if (!columns.every(({ name }) => unnamed.test(name))) return undefined;
  if (role === 'loss') return columns.length === 1 ? columns[0] : undefined;
  if (columns.length !== 2) return undefined;
  const rising = columns.filter(({ values }) =>
    values.every((value, i) => value !== null && value > 0 && (i === 0 || value > (values[i - 1] ?? 0))),
  );
  return rising.length === 1 ? rising[0] : undefined;
}
