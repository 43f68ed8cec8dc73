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
  const { tokens, ...parsed } = parse(command, args, flags);
  const given = new Set<string>();
  for (const token of tokens) {
    if (token.kind !== 'option' || token.value === undefined) continue;
    // Node would silently take the last value.
    if (given.has(token.name)) throw new UsageError(`--${token.name} once`, 'more than one', command);
    given.add(token.name);
  }
  for (const [flag, value] of Object.entries(parsed.values)) {
    // A shell passes an empty text for a quoted variable that is not set.
    if ((value as unknown) === '') throw new UsageError(`--${flag} with a value`, `--${flag} ""`, command);
  }
  return parsed as unknown as Arguments<F>;
}

function parse(command: string, args: readonly string[], options: Flags) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, tokens: true });
  } catch (error) {
    // Takes Node's first sentence, without the hint about `--` that follows. A line break or a space ends a sentence.
    const received = (error as Error).message.split(/\.\s/)[0]!;
    const valueless = /^Option '--([^' ]+)(?: <value>'|' argument is ambiguous)/.exec(received)?.[1];
    if (valueless !== undefined) throw withoutValue(command, args, valueless);
    const unknown = /^Unknown option '--([^']+)'/.exec(received)?.[1] ?? '';
    const hint = nearest(unknown, Object.keys(options), '').replace('"', '"--');
    throw new UsageError(`flags that clr ${command} knows`, received, command, hint);
  }
}

/** The error about an option that has no value, or one that begins with a dash and so looks like another option. */
function withoutValue(command: string, args: readonly string[], flag: string): UsageError {
  const next = args.find((arg, at) => arg.startsWith('-') && args[at - 1] === `--${flag}`);
  const isNumber = next !== undefined && !Number.isNaN(Number(next));
  return new UsageError(
    `a value for --${flag}`,
    next === undefined ? `--${flag} alone` : `--${flag} ${next}`,
    command,
    isNumber ? `Write a negative number as --${flag}=${next}.` : undefined,
  );
}

/** Reads the value of a flag as a positive integer. */
export function positiveInteger(command: string, flag: string, text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value > 0) return value;
  throw new UsageError(`--${flag} to be a positive integer`, `--${flag} ${text}`, command);
}
