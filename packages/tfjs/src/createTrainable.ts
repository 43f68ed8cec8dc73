import type { Trainable } from '@clr/core';
import type * as tfjs from '@tensorflow/tfjs';
import { type LayersBatch, layersTrainable } from './layersTrainable.ts';
import { loopTrainable, type TrainingLoop } from './loopTrainable.ts';

/**
 * A Trainable for core's `train`, `rangeTest` and `autoClr`: a compiled `tf.LayersModel` (any loss and
 * metrics, several inputs and outputs), or a loop of your own over the Core API.
 *
 * Losses stay on the device and are read late. `snapshot()` is plain data (weights, optimizer slots and
 * counters) that can be stored; `restore()` puts it back bit for bit. Model, optimizer and variables stay
 * the caller's: `dispose()` leaves them alone. What is outside them, such as the noise of a Dropout layer
 * without a seed or the state of a stateful RNN, is not part of a snapshot.
 *
 * @param tf - the tfjs that made the model
 * @param model - a compiled model, or `{ optimizer, variables, loss }`
 * @throws {ClrError} if the model is not compiled, or tfjs's inside is not the one clr knows
 *
 * @example
 * ```ts
 * const trainable = createTrainable(tf, model);
 * const trace = await rangeTest(trainable, [{ xs, ys }], { startLr: 1e-6, endLr: 1e-3, steps: 20 });
 * trace.points.length; // 20
 * ```
 */
export function createTrainable(tf: typeof tfjs, model: tfjs.LayersModel): Trainable<LayersBatch>;
export function createTrainable<Batch>(tf: typeof tfjs, loop: TrainingLoop<Batch>): Trainable<Batch>;
export function createTrainable<Batch>(
  tf: typeof tfjs,
  target: tfjs.LayersModel | TrainingLoop<Batch>,
): Trainable<LayersBatch> | Trainable<Batch> {
  return 'layers' in target ? layersTrainable(tf, target) : loopTrainable(tf, target);
}
