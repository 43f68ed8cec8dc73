import type * as tfjs from '@tensorflow/tfjs';

/**
 * Calls `optimizer.computeGradients` and frees the tensors saved for the backward pass if the loss or a gradient
 * throws. tfjs 4.22 leaks them.
 */
export function gradients(
  tf: Pick<typeof tfjs, 'engine' | 'dispose'>,
  optimizer: tfjs.Optimizer,
  loss: () => tfjs.Scalar,
  variables: tfjs.Variable[],
): { value: tfjs.Scalar; grads: tfjs.NamedTensorMap } {
  try {
    return optimizer.computeGradients(loss, variables);
  } catch (error) {
    const { state } = tf.engine();
    if (state.gradientDepth === 0 && state.activeTape != null) {
      for (const { saved } of state.activeTape) tf.dispose(saved ?? []);
      state.activeTape = [];
    }
    throw error;
  }
}
