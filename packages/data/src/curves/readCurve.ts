import { checkOptionNames, type LossSmoothing, parseTrace } from '@clr/core';
import { fail, listed } from '../errors.ts';
import { looseJson } from '../text/looseJson.ts';
import { textOf } from '../text/parseCsv.ts';
import { chooseColumns } from './chooseColumns.ts';
import type { Curve, CurveOptions, CurveTable } from './curve.ts';
import { fromCsv } from './fromCsv.ts';
import { fromEvents, isEventFile } from './fromEvents.ts';
import { fromJson } from './fromJson.ts';
import { jumps } from './jumps.ts';
import { toTrace } from './toTrace.ts';

/**
 * Reads the curve of a learning-rate range test from a file of any tool. It recognises the tool by the content:
 *
 * - clr's own traces, as JSON
 * - fastai: `recorder.lrs` and `recorder.losses` as JSON or CSV (`lrs`, `losses`)
 * - pytorch-lr-finder: its `history`; Lightning: `lr_find().results`; both are `{ lr, loss }`
 * - Keras: `History.history` with a learning rate in it
 * - TensorBoard: an event file with both scalars
 * - Weights & Biases and MLflow: their CSV exports
 * - Transformers: `trainer_state.json`
 * - any JSON, JSON lines or CSV with a rate and a loss
 *
 * If a tool is known to smooth its losses, the trace says so (`trace.smoothing`), and the analysis undoes it. Text may
 * be UTF-8 or UTF-16. Python's `NaN` and `Infinity` are read.
 *
 * @param bytes - the content of the file
 * @throws {ClrError} if the file has no such curve; the error lists its content and says how to name the columns
 *
 * @example
 * ```ts
 * const rows = Array.from({ length: 20 }, (_, i) => `${0.001 * 1.5 ** i};${2 - 0.05 * i}`);
 * const { trace, source } = readCurve(new TextEncoder().encode(['rate;train loss', ...rows].join('\n')), { lr: 'rate' });
 * [source, trace.spacing, trace.points[1].lr]; // ['CSV', 'exponential', 0.0015]
 * ```
 */
export function readCurve(bytes: Uint8Array, options: CurveOptions = {}): Curve {
  const known = ['name', 'lr', 'loss', 'smoothing'] as const;
  const { name = 'the file', smoothing } = checkOptionNames('clr/data', 'readCurve', options, known);
  const table = read(bytes, name);
  if ('trace' in table) {
    const { trace } = table;
    return smoothing === undefined ? table : { ...table, trace: { ...trace, smoothing } };
  }
  const { lr, loss, guessed } = chooseColumns(withoutEmpty(table), options, name);
  const smoothed = smoothing ?? smoothingOf(table, loss.values);
  const trace = toTrace(lr, loss, smoothed, name);
  const notes = [
    ...(table.notes ?? []),
    ...(guessed
      ? [`Format: ${table.source}. The rate is "${lr.name}", and the loss is "${loss.name}".`]
      : []),
    ...(smoothed === 'none' ? [] : [`The smoothing of the losses is undone: ${inWords(smoothed)}.`]),
    ...(table.smoothing !== undefined && smoothing === undefined && smoothed === 'none'
      ? ['The losses jump from step to step, so they are taken as not smoothed.']
      : []),
  ];
  return { trace, source: table.source, notes };
}

const withoutEmpty = (table: CurveTable): CurveTable => ({
  ...table,
  columns: table.columns.filter(({ values }) => values.length > 0),
});

const inWords = (smoothing: LossSmoothing): string =>
  typeof smoothing === 'string' ? `that of ${smoothing}` : `a running mean of ${smoothing.beta}`;

/** The smoothing that a tool applies by default, or `'none'` if these losses look unsmoothed. */
function smoothingOf({ smoothing = 'none' }: CurveTable, losses: readonly (number | null)[]): LossSmoothing {
  return smoothing !== 'none' && jumps(losses) ? 'none' : smoothing;
}

function read(bytes: Uint8Array, name: string): CurveTable | Curve {
  if (isEventFile(bytes)) return checked(fromEvents(bytes, name), name);
  const text = textOf(bytes, name);
  if (!/^\s*[[{]/.test(text)) return checked(fromCsv(text, name), name);
  const value = parse(text, name);
  if (isOwnRecord(value)) {
    return { trace: parseTrace(value, name), source: 'clr', notes: [] };
  }
  const table = fromJson(value, name);
  if (table) return checked(table, name);
  throw fail(
    `lists of rates and losses in ${name}, or the trace of a range test`,
    inShort(value),
    'Save {"lr": […], "loss": […]}, or the result of rangeTest.',
  );
}

/** True for a record of clr, even an incomplete one. Other tools write their own version, usually as text. */
function isOwnRecord(value: unknown): boolean {
  const { points, version } = Object(value);
  return points !== undefined || typeof version === 'number';
}

function checked(table: CurveTable, name: string): CurveTable {
  if (table.columns.length > 0) return table;
  throw fail(`series of numbers in ${name}`, 'none', 'Log the rate and the loss as scalars.');
}

function parse(text: string, name: string): unknown {
  try {
    return looseJson(text);
  } catch (cause) {
    const lines = text.split('\n').filter((line) => line.trim() !== '');
    if (lines.length > 1) {
      const values: unknown[] = [];
      try {
        for (const line of lines) values.push(looseJson(line));
        return values;
      } catch (broken) {
        // If not even the first line is JSON, these are no JSON lines, and the error about the whole text says more.
        if (values.length > 0) {
          const advice = 'Remove this line, which may be cut off, or write it again.';
          throw fail(`JSON in line ${values.length + 1} of ${name}`, (broken as Error).message, advice, {
            cause: broken,
          });
        }
      }
    }
    throw fail(`JSON in ${name}`, (cause as Error).message, 'Save it with json.dump or JSON.stringify.', {
      cause,
    });
  }
}

const inShort = (value: unknown): string => {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return typeof value === 'object' && value !== null
    ? `an object with ${listed(Object.keys(value))}`
    : String(value);
};
