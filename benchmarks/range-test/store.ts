import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { RangeTestPoint, RangeTestTrace } from '@clr/core';
import { rounded, type SweepRecord } from './sweeps.ts';

/** A stored sweep of one seed. */
export interface StoredSweep extends SweepRecord {
  readonly seed: number;
  /** Set if the sweep trained on random labels. */
  readonly randomLabels?: true;
}

/** The results of one fixed rate. Each list has one entry per seed, in the order of the seeds. */
export interface OutcomesOfSeeds {
  readonly stable: readonly boolean[];
  /** Accuracy on the validation data: the mean of evaluations at 90 %, 95 % and 100 % of the steps. */
  readonly accuracy: readonly number[];
}

/** The rate and the results of one fixed rate. */
export interface TruthPoint extends OutcomesOfSeeds {
  readonly lr: number;
}

/** The measured results of a setting's fixed rates at one budget, against which rules are scored. */
export interface Truth {
  readonly setting: string;
  readonly heldOut: boolean;
  readonly budget: number;
  /** The fixed rates with their results, from the lowest rate to the highest. */
  readonly grid: readonly TruthPoint[];
}

/** The stored results of a setting's fixed rates, after the whole budget and after a quarter of the budget. */
export interface StoredTruth extends Truth {
  readonly grid: readonly (TruthPoint & { readonly quarter: OutcomesOfSeeds })[];
}

/** The results of a setting for runs that end after a quarter of its budget. */
export function quarterOf({ grid, budget, ...truth }: StoredTruth): Truth {
  return { ...truth, budget: budget / 4, grid: grid.map(({ lr, quarter }) => ({ lr, ...quarter })) };
}

/**
 * The record of core's range test without given rates. The rate of each step follows from the first and the last rate.
 */
export interface StoredAdaptive {
  readonly seed: number;
  /** The number of steps allowed for the whole test. */
  readonly steps: number;
  readonly randomLabels?: boolean;
  readonly trace: Omit<RangeTestTrace, 'points' | 'coarse'>;
  readonly loss: readonly (number | null)[];
  readonly accuracy: readonly (number | null)[];
  /** The losses of the coarse sweep, under the name that older traces use. */
  readonly scout: readonly (number | null)[];
}

/** A linear sweep to twice the largest stable rate, and the validation results every 20 steps. */
export interface StoredLinear {
  readonly setting: string;
  readonly seed: number;
  readonly endLr: number;
  readonly loss: readonly (number | null)[];
  readonly accuracy: readonly (number | null)[];
  readonly validation: Pick<StoredLinear, 'loss' | 'accuracy'>;
}

/** Reads a file with one JSON object per line. Empty if there is no file. */
export function readLines<T>(path: string | URL): T[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n');
  // A line without its closing brace was not written to its end, so leave it out.
  return lines.filter((line) => line.endsWith('}')).map((line) => JSON.parse(line) as T);
}

const folder = new URL('./traces/', import.meta.url);
const lines = (items: readonly unknown[]): string =>
  `[\n${items.map((item) => JSON.stringify(item)).join(',\n')}\n]\n`;

export function writeStore(
  truths: readonly StoredTruth[],
  sweepsOf: ReadonlyMap<string, readonly StoredSweep[]>,
): void {
  mkdirSync(fileURLToPath(folder), { recursive: true });
  writeFileSync(new URL('truth.json', folder), lines(truths));
  for (const [name, records] of sweepsOf) writeFileSync(inside('sweeps', name), lines(records));
}

function inside(kind: 'sweeps' | 'adaptive', name: string): URL {
  mkdirSync(fileURLToPath(new URL(`${kind}/`, folder)), { recursive: true });
  return new URL(`${kind}/${name}.json`, folder);
}

export function readTruths(): StoredTruth[] {
  return JSON.parse(readFileSync(new URL('truth.json', folder), 'utf8')) as StoredTruth[];
}

export function readSweeps(setting: string): StoredSweep[] {
  return JSON.parse(readFileSync(new URL(`sweeps/${setting}.json`, folder), 'utf8')) as StoredSweep[];
}

export function writeLinear(stored: readonly StoredLinear[]): void {
  writeFileSync(new URL('linear.json', folder), lines(stored));
}

/** The stored linear sweeps. Empty if none has been measured. */
export function readLinear(): StoredLinear[] {
  const file = new URL('linear.json', folder);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as StoredLinear[]) : [];
}

export function storedSettings(): string[] {
  return readdirSync(new URL('sweeps/', folder)).map((file) => file.replace(/\.json$/, ''));
}

export function writeAdaptive(setting: string, stored: readonly StoredAdaptive[]): void {
  writeFileSync(inside('adaptive', setting), lines(stored));
}

/** The stored range tests of a setting. Empty if none has been measured. */
export function readAdaptive(setting: string): StoredAdaptive[] {
  const file = inside('adaptive', setting);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as StoredAdaptive[]) : [];
}

const lossesOf = (points: readonly RangeTestPoint[]): (number | null)[] =>
  points.map(({ loss }) => loss && rounded(loss, 5));

/** Packs a trace for the file, without the rates, which follow from the first and the last rate. */
export function pack({
  points,
  coarse = [],
  ...trace
}: RangeTestTrace): Pick<StoredAdaptive, 'trace' | 'loss' | 'accuracy' | 'scout'> {
  const accuracy = points.map((point) => rounded(point.accuracy ?? Number.NaN, 5));
  return { trace, loss: lossesOf(points), accuracy, scout: lossesOf(coarse) };
}

/** Restores the recorded trace. */
export function unpack({ steps, trace, loss, accuracy, scout: coarse }: StoredAdaptive): RangeTestTrace {
  const points = (losses: typeof loss, { startLr, endLr, of }: Ends): RangeTestPoint[] =>
    losses.map((value, step) => ({
      step,
      lr: startLr * (endLr / startLr) ** (step / (of - 1)),
      loss: value,
      ...(losses === loss && { accuracy: accuracy[step]! }),
    }));
  const wide = { startLr: 1e-6, endLr: 1e4, of: Math.ceil(steps / 3) };
  const fine = coarse.length > 0 ? { ...trace, of: steps - coarse.length } : wide;
  return {
    ...trace,
    points: points(loss, fine),
    ...(coarse.length > 0 && { coarse: points(coarse, wide) }),
  };
}

interface Ends {
  readonly startLr: number;
  readonly endLr: number;
  /** The number of steps in which the rate goes from `startLr` to `endLr`. */
  readonly of: number;
}
