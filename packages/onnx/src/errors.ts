import { ClrError, type Problem } from '@clr/core';

/** A {@link ClrError} of this package. */
export function fail(expected: string, received: string, advice: string, options?: ErrorOptions): ClrError {
  return new ClrError('clr/onnx', { expected, received, advice }, options);
}

/** The message of an error that other code threw. */
export function messageOf(cause: unknown): string {
  return (cause instanceof Error ? cause.message : String(cause)).trim();
}

/**
 * Thrown if an operator between a trainable parameter and the loss has no gradient in this package.
 *
 * @example
 * ```ts
 * try {
 *   buildTrainingModel(modelWithWavelet, { loss: 'mse', optimizer: sgd() });
 * } catch (error) {
 *   [error.operator, error.domain, error.node, error.opset]; // ['com.example:Wavelet', 'com.example', 'bands', 3]
 * }
 * ```
 */
export class UnsupportedOperatorError extends ClrError {
  /** Always `'UnsupportedOperatorError'`. */
  override readonly name: string = 'UnsupportedOperatorError';
  /** The operator's type, with its domain unless that is the default one: `GridSample`, `com.microsoft:QAttention`. */
  readonly operator: string;
  /** The operator's domain. It is `ai.onnx` for the default domain. */
  readonly domain: string;
  /** The node's name, or its first output if it has none. */
  readonly node: string;
  /** The opset that the model imports for the operator's domain. */
  readonly opset: number;

  constructor(at: { operator: string; node: string; opset: number }, problem: Partial<Problem> = {}) {
    const [opType, domain = 'ai.onnx'] = at.operator.split(':').reverse() as [string, string?];
    super('clr/onnx', {
      expected:
        problem.expected ?? 'operators with a gradient between every trainable parameter and the loss',
      received: `node "${at.node}" (${opType} of ${domain}${at.opset > 0 ? `, opset ${at.opset}` : ''})${problem.received ? `: ${problem.received}` : ''}`,
      advice:
        problem.advice ??
        'Freeze the parameters before it with `trainable`, or export the model with other operators.',
    });
    this.operator = at.operator;
    this.domain = domain;
    this.node = at.node;
    this.opset = at.opset;
  }
}
