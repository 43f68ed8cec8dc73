import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { RangeTestPoint, RangeTestTrace } from '@clr/core';
import { rounded, type SweepRecord } from './sweeps.ts';

/** A sweep of one seed as it is kept. */
export interface StoredSweep extends SweepRecord {
  readonly seed: number;
  /** Trained on labels drawn at random. */
  readonly randomLabels?: true;
}

/** What is known of one fixed rate: one entry a seed, in the seeds' order. */
export interface TruthPoint {
  readonly lr: number;
  readonly stable: readonly boolean[];
  /** On the validation data, the mean of looks at 90 %, 95 % and 100 % of the budget. */
  readonly accuracy: readonly number[];
  /** Mean of the last twenty training losses. */
  readonly tail: readonly (number | null)[];
}

/** A setting's truth. */
export interface Truth {
  readonly setting: string;
  readonly heldOut: boolean;
  readonly budget: number;
  /** By rising rate. */
  readonly grid: readonly TruthPoint[];
}

/** What core's range test recorded where no rates were given; its rates follow from its ends. */
export interface StoredAdaptive {
  readonly seed: number;
  /** What the whole test was allowed. */
  readonly steps: number;
  readonly randomLabels?: boolean;
  readonly trace: Omit<RangeTestTrace, 'points' | 'scout'>;
  readonly loss: readonly (number | null)[];
  readonly accuracy: readonly (number | null)[];
  /** The losses of the coarse sweep. */
  readonly scout: readonly (number | null)[];
}

/** Training of one seed at a constant rate, from the first batch on. */
export interface StoredTrial {
  readonly seed: number;
  readonly lr: number;
  readonly loss: readonly (number | null)[];
}

const folder = new URL('./traces/', import.meta.url);
const lines = (items: readonly unknown[]): string =>
  `[\n${items.map((item) => JSON.stringify(item)).join(',\n')}\n]\n`;

export function writeStore(
  truths: readonly Truth[],
  sweepsOf: ReadonlyMap<string, readonly StoredSweep[]>,
): void {
  mkdirSync(fileURLToPath(folder), { recursive: true });
  writeFileSync(new URL('truth.json', folder), lines(truths));
  for (const [name, records] of sweepsOf) writeFileSync(inside('sweeps', name), lines(records));
}

function inside(kind: 'sweeps' | 'trials' | 'adaptive', name: string): URL {
  mkdirSync(fileURLToPath(new URL(`${kind}/`, folder)), { recursive: true });
  return new URL(`${kind}/${name}.json`, folder);
}

export function writeTrials(setting: string, trials: readonly StoredTrial[]): void {
  writeFileSync(inside('trials', setting), lines(trials));
}

/** None where they have not been measured. */
export function readTrials(setting: string): StoredTrial[] {
  const file = inside('trials', setting);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as StoredTrial[]) : [];
}

export function readTruths(): Truth[] {
  return JSON.parse(readFileSync(new URL('truth.json', folder), 'utf8')) as Truth[];
}

export function readSweeps(setting: string): StoredSweep[] {
  return JSON.parse(readFileSync(new URL(`sweeps/${setting}.json`, folder), 'utf8')) as StoredSweep[];
}

export function storedSettings(): string[] {
  return readdirSync(new URL('sweeps/', folder)).map((file) => file.replace(/\.json$/, ''));
}

export function writeAdaptive(setting: string, stored: readonly StoredAdaptive[]): void {
  writeFileSync(inside('adaptive', setting), lines(stored));
}

/** None where they have not been measured. */
export function readAdaptive(setting: string): StoredAdaptive[] {
  const file = inside('adaptive', setting);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as StoredAdaptive[]) : [];
}

const lossesOf = (points: readonly RangeTestPoint[]): (number | null)[] =>
  points.map(({ loss }) => loss && rounded(loss, 5));

/** A trace without its rates. */
export function pack({
  points,
  scout = [],
  ...trace
}: RangeTestTrace): Pick<StoredAdaptive, 'trace' | 'loss' | 'accuracy' | 'scout'> {
  const accuracy = points.map((point) => rounded(point.accuracy ?? Number.NaN, 5));
  return { trace, loss: lossesOf(points), accuracy, scout: lossesOf(scout) };
}

/** The trace as it was. */
export function unpack({ steps, trace, loss, accuracy, scout }: StoredAdaptive): RangeTestTrace {
  const points = (losses: typeof loss, { startLr, endLr, of }: Ends): RangeTestPoint[] =>
    losses.map((value, step) => ({
      step,
      lr: startLr * (endLr / startLr) ** (step / (of - 1)),
      loss: value,
      ...(losses === loss && { accuracy: accuracy[step]! }),
    }));
  const coarse = { startLr: 1e-6, endLr: 1e4, of: Math.ceil(steps / 3) };
  const fine = scout.length > 0 ? { ...trace, of: steps - scout.length } : coarse;
  return {
    ...trace,
    points: points(loss, fine),
    ...(scout.length > 0 && { scout: points(scout, coarse) }),
  };
}

interface Ends {
  readonly startLr: number;
  readonly endLr: number;
  /** How many steps lie from end to end. */
  readonly of: number;
}
