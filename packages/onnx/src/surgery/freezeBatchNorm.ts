import { checkOptionNames } from '@clr/core';
import { fail } from '../errors.ts';
import { int } from '../format/attributes.ts';
import { readPredicate } from '../training/namePredicate.ts';
import { Opened } from './opened.ts';

/** Options of {@link freezeBatchNorm}. */
export interface FreezeBatchNormOptions {
  /**
   * Norms that are not frozen, by the name of their scale: the predicate of `trainable` leaves those in training form whose
   * scale is trained. Default: all are frozen.
   */
  readonly except?: (scale: string) => boolean;
}

/**
 * Freezes batch norms: those in training form get inference form, so that they normalise with their running statistics and
 * training does not move these. A frozen body needs it: its statistics belong to its weights. Scales and shifts can still be
 * trained, as far as `trainable` names them.
 *
 * @param model - the content of an .onnx file; it is not changed
 * @returns the content of the new file; a model without norms in training form comes back as it is
 * @throws {ClrError} when other nodes read the statistics that a norm gives
 *
 * @example
 * ```ts
 * const trainable = freezeExcept(bytes, 1);
 * const model = freezeBatchNorm(bytes, { except: trainable });
 * model.length === bytes.length; // true
 * ```
 */
export function freezeBatchNorm(model: Uint8Array, options: FreezeBatchNormOptions = {}): Uint8Array {
  checkOptionNames('clr/onnx', 'freezeBatchNorm', options, ['except']);
  const except = readPredicate('except', options.except);
  const opened = new Opened(model);
  const { opset } = opened.model;
  let frozen = 0;
  for (const node of opened.graph.node) {
    if (node.opType !== 'BatchNormalization' || (node.domain !== '' && node.domain !== 'ai.onnx')) continue;
    // Before opset 14 a norm was in training form when it gave statistics.
    const trains = opset < 14 ? node.output.length > 1 : int(node, 'training_mode', 0) === 1;
    if (!trains || except(node.input[1] ?? '')) continue;
    const read = node.output
      .slice(1)
      .find((name) => name !== '' && (opened.readers(name).length > 0 || opened.isOutput(name)));
    if (read !== undefined) {
      throw fail(
        'batch norms whose new statistics no other node reads',
        `"${read}" of node "${node.name || node.output[0]}"`,
        'Export the model in inference form.',
      );
    }
    node.output = node.output.slice(0, 1);
    node.attribute = node.attribute.filter(({ name }) => name !== 'training_mode');
    frozen += 1;
  }
  return frozen === 0 ? model : opened.close();
}
