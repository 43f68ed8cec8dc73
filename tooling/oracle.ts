import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { meets } from './needs.ts';

const folder = fileURLToPath(new URL('../../shared/oracle/', import.meta.url));

/** Whether PyTorch's numbers lie beside this repository (`../shared/oracle`). */
export function hasOracle(): boolean {
  return meets('oracle', existsSync(folder), `PyTorch's numbers are not at ${folder}`);
}

/** The path of one of the oracle's files. */
export function oraclePath(name: string): string {
  return folder + name;
}

/** One of the oracle's JSON files; the caller says what is in it. */
export function readOracle<T>(name: string): T {
  return JSON.parse(readFileSync(oraclePath(name), 'utf8')) as T;
}
