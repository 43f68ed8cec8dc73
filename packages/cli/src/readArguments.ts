import { parseArgs } from 'node:util';
import { nearest } from '@clr/core';
import type { Flags } from './command.ts';
import { UsageError } from './errors.ts';

interface Arguments<F extends Flags> {
  readonly values: { readonly [K in keyof F]?: F[K]['type'] extends 'string' ? string : boolean };
  /** The names of the files. */
  readonly positionals: readonly string[];
}

/** Reads the flags and file names of a command, or throws a usage error in clr's format. */
export function readArguments<const F extends Flags>(
  command: string,
  args: readonly string[],
  flags: F,
): Arguments<F> {
  const parsed = parse(command, args, flags);
  for (const [flag, value] of Object.entries(parsed.values)) {
    // A shell passes an empty text for a quoted variable that is not set.
    if ((value as unknown) === '') throw new UsageError(`--${flag} with a value`, `--${flag} ""`, command);
  }
  return parsed as Arguments<F>;
}

function parse(command: string, args: readonly string[], options: Flags): Arguments<Flags> {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true }) as Arguments<Flags>;
  } catch (error) {
    // Takes Node's first sentence, without the hint about `--` that follows.
    const received = (error as Error).message.split('. ')[0]!;
    const unknown = /^Unknown option '--([^']+)'/.exec(received)?.[1] ?? '';
    const hint = nearest(unknown, Object.keys(options), '').replace('"', '"--');
    throw new UsageError(`flags that clr ${command} knows`, received, command, hint);
  }
}

/** Reads the value of a flag as a positive integer. */
export function positiveInteger(command: string, flag: string, text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value > 0) return value;
  throw new UsageError(`--${flag} to be a positive integer`, `--${flag} ${text}`, command);
}
