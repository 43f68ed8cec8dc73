import type { Trainable } from '@clr/core';
import type * as tfjs from '@tensorflow/tfjs';
import { fail } from './errors.ts';
import { type LayersBatch, layersTrainable } from './layersTrainable.ts';
import { loopTrainable, type TrainingLoop } from './loopTrainable.ts';

/**
 * A Trainable for core's `train`, `rangeTest` and `autoClr`: a compiled `tf.LayersModel` (any loss and metrics, several
 * inputs and outputs), or your own training loop written with the Core API.
 *
 * Each call reads the model's current state, so `compile` may give it another optimizer, loss or set of trained
 * weights. A step does what `fit` does, and then applies the constraints of the layers, which `fit` does not.
 *
 * Losses stay on the device and are read late. `snapshot()` is plain data that can be stored: weights, states of
 * stateful recurrent layers, optimizer slots and counters, each under its layer's name. `restore()` puts it back by
 * name, bit for bit, also after layers were frozen and in another instance of the model. It refuses a snapshot of
 * another model or optimizer before anything changes, and says what differs; `restore(snapshot, { partial: true })`
 * restores the parts that match.
 *
 * A snapshot does not include the state of dropout. With a seed tfjs drops the same elements at every step, so a
 * resumed run has the same bits; without a seed each run draws its own mask. Model, optimizer and variables belong to
 * the caller: `dispose()` does not free them.
 *
 * @param tf - the tfjs that made the model
 * @param model - a compiled model, or `{ optimizer, variables, loss }`
 * @throws {ClrError} if the model is not compiled, or if this tfjs has internals that clr does not know. A step throws
 * if `trainable` of a layer has changed since `compile`, if the optimizer holds the state of another model, or if
 * weights were disposed
 *
 * @example
 * ```ts
 * const trainable = createTrainable(tf, model);
 * const trace = await rangeTest(trainable, [{ xs, ys }], { startLr: 1e-6, endLr: 1e-3, steps: 20 });
 * trace.points.length; // 20
 * ```
 */
export function createTrainable(tf: typeof tfjs, model: tfjs.LayersModel): Trainable<LayersBatch>;
/**
 * Makes a {@link Trainable} of your own training loop written with the Core API: an optimizer, the variables it trains
 * and a function that computes a batch's loss. It behaves as for a compiled model.
 */
export function createTrainable<Batch>(tf: typeof tfjs, loop: TrainingLoop<Batch>): Trainable<Batch>;
export function createTrainable<Batch>(
  tf: typeof tfjs,
  target: tfjs.LayersModel | TrainingLoop<Batch>,
): Trainable<LayersBatch> | Trainable<Batch> {
  if (typeof (tf as Partial<typeof tfjs> | undefined)?.tidy !== 'function') {
    throw fail({
      expected: 'the module @tensorflow/tfjs, then the model',
      received: target === undefined ? 'only one argument' : `${tf === null ? 'null' : typeof tf} first`,
      advice: "import * as tf from '@tensorflow/tfjs', and call createTrainable(tf, model).",
    });
  }
  if (typeof target !== 'object' || target === null) {
    throw fail({
      expected: 'a compiled model, or { optimizer, variables, loss }',
      received: String(target),
      advice: 'Pass the model or the loop as the second argument: createTrainable(tf, model).',
    });
  }
  if ('executeAsync' in target) {
    throw fail({
      expected: 'a compiled tf.LayersModel, or { optimizer, variables, loss }',
      received: 'a tf.GraphModel, whose weights cannot be trained',
      advice: 'Convert the model to a LayersModel, and load it with tf.loadLayersModel().',
    });
  }
  return 'layers' in target ? layersTrainable(tf, target) : loopTrainable(tf, target);
}
