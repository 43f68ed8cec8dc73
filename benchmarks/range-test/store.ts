import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { SweepRecord } from './sweeps.ts';

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

const folder = new URL('./traces/', import.meta.url);
const lines = (items: readonly unknown[]): string =>
  `[\n${items.map((item) => JSON.stringify(item)).join(',\n')}\n]\n`;

export function writeStore(
  truths: readonly Truth[],
  sweepsOf: ReadonlyMap<string, readonly StoredSweep[]>,
): void {
  mkdirSync(fileURLToPath(folder), { recursive: true });
  writeFileSync(new URL('truth.json', folder), lines(truths));
  for (const [name, records] of sweepsOf)
    writeFileSync(new URL(`sweeps/${name}.json`, ensured()), lines(records));
}

function ensured(): URL {
  mkdirSync(fileURLToPath(new URL('sweeps/', folder)), { recursive: true });
  return folder;
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
