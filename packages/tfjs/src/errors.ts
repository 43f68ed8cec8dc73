import { ClrError, type Problem } from '@clr/core';

/** A {@link ClrError} of this package. */
export function fail(problem: Problem, options?: ErrorOptions): ClrError {
  return new ClrError('clr/tfjs', problem, options);
}

/**
 * Runs what calls tfjs, and says what a backend lacks when it lacks something: wasm has no kernels for the
 * gradients of convolutions and pooling.
 */
export function withKernels<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    const missing = /kernel '(\w+)'.* for backend '(\w+)'/i.exec(String(error));
    if (missing === null) throw error;
    const [, kernel, backend] = missing;
    throw fail(
      {
        expected: `a backend that can train this model`,
        received: `the backend ${backend}, which lacks the kernel ${kernel}`,
        advice: "Train on another: await tf.setBackend('webgl'), 'webgpu' or 'cpu'. Inference may stay here.",
      },
      { cause: error },
    );
  }
}
