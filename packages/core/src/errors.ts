import { maxPart, maxPath, maxShown } from './limits.ts';

/** The three parts of every clr error: what was expected, what was received, what to do. */
export interface Problem {
  /** The expectation, without a full stop: `stepSize to be a positive integer`. */
  readonly expected: string;
  /** The received value: `stepSize = 0`. */
  readonly received: string;
  /** The advice, as a sentence. */
  readonly advice: string;
}

/**
 * The error that every clr package throws for input it cannot use. Its message is safe to print: control characters are
 * escaped, and long parts are cut in the middle.
 *
 * @param scope - the package named in the message, without the `@`: `clr/onnx`
 * @param problem - what was expected, what was received, what to do
 *
 * @example
 * ```ts
 * const error = new ClrError('clr/onnx', {
 *   expected: 'a batch with the input "image"',
 *   received: 'inputs: target',
 *   advice: 'Name each tensor of the batch after an input of the model.',
 * });
 * error.message.split('\n')[0]; // '[clr/onnx] Expected a batch with the input "image".'
 * ```
 */
export class ClrError extends Error {
  /** `'ClrError'`, or the name of the subclass. */
  override readonly name: string = 'ClrError';

  constructor(scope: string, { expected, received, advice }: Problem, options?: ErrorOptions) {
    const [what, came, then] = [expected, received, advice].map((part) => printable(part, maxPart, /[\n\t]/));
    super(`[${scope}] Expected ${what}.\nReceived: ${came}\n${then}`, options);
  }
}

/**
 * The error for invalid plain data, thrown by `parsePolicy`, `parseTrace`, `parseRun`, `toSchedule`,
 * `checkHyperparameters`, and the factories of policies and optimizers.
 *
 * @example
 * ```ts
 * try {
 *   triangular({ baseLr: 0.001, maxLr: 0.006, stepSize: 0 });
 * } catch (error) {
 *   error.field; // 'stepSize'
 * }
 * ```
 */
export class PolicyError extends ClrError {
  /** Always `'PolicyError'`. */
  override readonly name: string = 'PolicyError';
  /** The path of the field at fault, such as `stages[1].policy.stepSize`. */
  readonly field: string;

  constructor(field: string, value: unknown, expected: string, advice: string) {
    const path = printable(field, maxPath);
    super('clr/core', {
      expected: `${path} to be ${expected}`,
      received: `${path} = ${show(value)}`,
      advice,
    });
    this.field = field;
  }
}

/** Formats a value for an error message: short, and quoted if it is a string. */
export function show(value: unknown): string {
  if (typeof value === 'string') return `"${printable(value, maxShown)}"`;
  if (Array.isArray(value)) return value.length ? 'an array' : 'an empty array';
  if (typeof value === 'function') return 'a function';
  return typeof value === 'object' && value ? kindOf(value) : printable(String(value), maxShown);
}

/** Describes an object: a promise, a Float32Array of 64, … */
function kindOf(value: object): string {
  const kind = Object.prototype.toString.call(value).slice(8, -1);
  if (kind === 'Promise') return 'a promise (is an `await` missing?)';
  if (ArrayBuffer.isView(value)) return `a ${kind} of ${(value as Uint8Array).length} numbers`;
  return 'an object';
}

// Control and format characters: a terminal acts on them, or they change how their neighbours are shown.
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** Text for a message: escapes control characters except those in `kept`, and cuts the middle of long text. */
export function printable(text: string, most: number, kept?: RegExp): string {
  const cut = (long: string): string =>
    long.length > most ? `${long.slice(0, most / 2)}…${long.slice(1 - most / 2)}` : long;
  return cut(
    cut(text).replace(unprintable, (character) =>
      kept?.test(character) ? character : `\\u{${character.codePointAt(0)!.toString(16)}}`,
    ),
  );
}
