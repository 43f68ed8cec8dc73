import type * as tfjs from '@tensorflow/tfjs';

/**
 * `optimizer.computeGradients`, which in tfjs 4.22 leaves the tensors saved for the backward pass behind
 * when the loss or a gradient throws; this frees them.
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
