import { type OptimizerFields, type OptimizerLike, optimizerKind, type TensorLike } from './optimizerKind.ts';

/**
 * Frees everything that an optimizer holds. `optimizer.dispose()` of tfjs 4.22 does not free Momentum's rate tensor;
 * this function does.
 *
 * @throws {ClrError} if it is not one of tfjs's seven optimizers
 *
 * @example
 * ```ts
 * const before = tf.memory().numTensors;
 * const optimizer = tf.train.adam();
 * optimizer.minimize(() => loss());
 * disposeOptimizer(optimizer);
 * tf.memory().numTensors - before; // 0
 * ```
 */
export function disposeOptimizer(optimizer: OptimizerLike): void {
  const kind = optimizerKind(optimizer);
  const fields = optimizer as OptimizerFields;
  (fields.dispose as () => void).call(optimizer);
  if (kind.rateTensor) (fields.c as TensorLike).dispose();
}
