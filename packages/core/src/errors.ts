/** The three parts of every clr error: what was expected, what came instead, what to do. */
export interface Problem {
  /** What was expected, without a full stop: `stepSize to be a positive integer`. */
  readonly expected: string;
  /** What came instead: `stepSize = 0`. */
  readonly received: string;
  /** What to do about it, as a sentence. */
  readonly advice: string;
}

/**
 * The error every clr package throws for input it cannot use.
 *
 * @param scope - the package that speaks, without the `@`: `clr/onnx`
 * @param problem - what was expected, what came, what to do
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
  override readonly name: string = 'ClrError';

  constructor(scope: string, { expected, received, advice }: Problem, options?: ErrorOptions) {
    super(`[${scope}] Expected ${expected}.\nReceived: ${received}\n${advice}`, options);
  }
}

/**
 * What plain data that is not legal meets with: from `parsePolicy`, `toSchedule`, and the factories of policies
 * and optimizers.
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
  override readonly name: string = 'PolicyError';
  /** The path of the field at fault, such as `stages[1].policy.stepSize`. */
  readonly field: string;

  constructor(field: string, value: unknown, expected: string, advice: string) {
    super('clr/core', {
      expected: `${field} to be ${expected}`,
      received: `${field} = ${show(value)}`,
      advice,
    });
    this.field = field;
  }
}

/** A value as an error message shows it: short, quoted if it is a string. */
export function show(value: unknown): string {
  if (typeof value === 'string') return `"${value}"`;
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' && value ? 'an object' : String(value);
}
