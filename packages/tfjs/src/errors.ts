import { ClrError, type Problem } from '@clr/core';

/** A {@link ClrError} of this package. */
export function fail(problem: Problem, options?: ErrorOptions): ClrError {
  return new ClrError('clr/tfjs', problem, options);
}

/** Throws if the trainable was disposed. */
export function checkOpen(disposed: boolean): void {
  if (!disposed) return;
  throw fail({
    expected: 'a trainable that was not disposed',
    received: 'a call after dispose()',
    advice: 'Make a new trainable of the same model: createTrainable(tf, model).',
  });
}

/**
 * Runs calls of tfjs, and names the missing kernel in the error of a backend that lacks one. The wasm backend has no
 * kernels for the weight gradients of convolutions (Conv2DBackpropFilter and both depthwise ones), nor
 * UnsortedSegmentSum.
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
        received: `the backend ${backend} without the kernel ${kernel}`,
        advice:
          "Train on another backend: await tf.setBackend('webgl'), 'webgpu' or 'cpu'. Inference works on this one.",
      },
      { cause: error },
    );
  }
}
