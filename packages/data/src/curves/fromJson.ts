import { fail } from '../errors.ts';
import type { Column, CurveTable } from './curve.ts';
import { fromRecords } from './fromRecords.ts';

type Lists = Readonly<Record<string, readonly unknown[]>>;

/** The series in parsed JSON; `undefined` if there are none. */
export function fromJson(value: unknown, name: string): CurveTable | undefined {
  if (Array.isArray(value)) return fromArray(value, name);
  if (typeof value !== 'object' || value === null) return undefined;
  const { history, log_history: log, results } = value as Record<string, unknown>;
  // trainer_state.json of Transformers: a list of logged records.
  if (Array.isArray(log)) return fromRecords(log, 'Transformers');
  const inner = [history, results].find((one) => typeof one === 'object' && one !== null);
  if (inner && !Array.isArray(inner)) return fromJson(inner, name);
  if (Array.isArray(inner)) return fromArray(inner, name);
  const lists = Object.fromEntries(Object.entries(value).filter(([, list]) => Array.isArray(list))) as Lists;
  if (Object.keys(lists).length < 2) return undefined;
  return fromLists(lists, name);
}

function fromArray(value: readonly unknown[], name: string): CurveTable | undefined {
  if (value.length === 2 && value.every((list) => Array.isArray(list) && list.length > 2)) {
    return fromLists({ first: value[0] as unknown[], second: value[1] as unknown[] }, name);
  }
  if (value.length > 2 && value.every((pair) => Array.isArray(pair) && pair.length === 2)) {
    const pairs = value as [unknown, unknown][];
    return fromLists({ first: pairs.map(([x]) => x), second: pairs.map(([, y]) => y) }, name);
  }
  return value.some((item) => typeof item === 'object' && item !== null)
    ? fromRecords(value, 'JSON')
    : undefined;
}

const longest = (lists: Lists): number => Math.max(...Object.values(lists).map(({ length }) => length));

function fromLists(lists: Lists, name: string): CurveTable {
  const notes: string[] = [];
  const columns = Object.entries(lists).map(
    ([key, list]): Column => ({
      name: key,
      steps: list.map((_, i) => i),
      values: list.map((item, i) => {
        // A tensor's tolist() gives one-element lists.
        const number = Array.isArray(item) && item.length === 1 ? item[0] : item;
        if (number === null) return null;
        if (typeof number === 'number') return Number.isFinite(number) ? number : null;
        throw fail(
          `numbers in the list "${key}" of ${name}`,
          `${key}[${i}] = ${JSON.stringify(item)?.slice(0, 40)}`,
          'Save plain numbers: [float(x) for x in values].',
        );
      }),
    }),
  );
  const names = Object.keys(lists);
  const has = (...keys: readonly string[]): boolean => keys.every((key) => names.includes(key));
  if (has('lrs', 'losses')) return { source: 'fastai', columns, smoothing: 'fastai' };
  if (has('lr', 'loss') && names.length === 2) {
    const losses = columns.find((column) => column.name === 'loss')!.values;
    return startsAsLightning(losses)
      ? { source: 'Lightning', columns, smoothing: 'lightning' }
      : { source: 'pytorch-lr-finder', columns, smoothing: 'lr-finder' };
  }
  if (has('loss') && names.some((each) => /^(lr|learning_rate|val_|acc)/.test(each))) {
    notes.push(`One point is one epoch: ${longest(lists)} epochs.`);
    return { source: 'Keras', columns, notes };
  }
  return { source: 'JSON', columns };
}

/**
 * True if a curve begins like those of Lightning. Lightning's debiasing is off by one step, so the first values are
 * 0.505, 0.673 and 0.757 times the loss.
 */
function startsAsLightning([first, second, third]: readonly (number | null)[]): boolean {
  if (!first || !second || !third) return false;
  const [up, further] = [second / first, third / second];
  return up > 1.2 && up < 1.5 && further > 1.05 && further < 1.25;
}
