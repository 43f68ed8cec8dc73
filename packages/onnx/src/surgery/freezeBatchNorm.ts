import { checkOptionNames } from '@clr/core';
import { fail } from '../errors.ts';
import { int } from '../format/attributes.ts';
import { allNodes, subgraphs } from '../format/captures.ts';
import { readPredicate } from '../training/namePredicate.ts';
import { Opened } from './opened.ts';

/** Options of {@link freezeBatchNorm}. */
export interface FreezeBatchNormOptions {
  /**
   * Selects norms that are not frozen, by the name of their scale. With the predicate of `trainable`, norms with a
   * trained scale stay in training mode. Default: all norms are frozen.
   */
  readonly except?: (scale: string) => boolean;
}

/**
 * Freezes batch norms: switches those that are in training mode to inference mode. They then normalise with their
 * running statistics, and training no longer changes these statistics. Frozen layers need frozen batch norms, because
 * the statistics belong to the layers' weights. Scales and shifts can still be trained if `trainable` selects them.
 *
 * @param model - the content of an .onnx file; it is not changed
 * @returns the content of the new file; a model without norms in training mode is returned unchanged
 * @throws {ClrError} if other nodes read the statistics that a norm computes
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
  const { opset, proto } = opened.model;
  const nodes = allNodes(proto);
  const inner = nodes.flatMap((node) => subgraphs(node).flatMap(({ output }) => output));
  const used = new Set([
    ...nodes.flatMap(({ input }) => input),
    ...[...opened.graph.output, ...inner].map(({ name }) => name),
    ...proto.functions.flatMap(({ output }) => output),
  ]);
  let frozen = 0;
  for (const node of nodes) {
    if (node.opType !== 'BatchNormalization' || (node.domain !== '' && node.domain !== 'ai.onnx')) continue;
    // Before opset 14, a norm was in training mode if it had outputs for its statistics.
    const trains = opset < 14 ? node.output.length > 1 : int(node, 'training_mode', 0) === 1;
    if (!trains || except(node.input[1] ?? '')) continue;
    const read = node.output.slice(1).find((name) => name !== '' && used.has(name));
    if (read !== undefined) {
      throw fail(
        'batch norms whose new statistics no other node reads',
        `"${read}" of node "${node.name || node.output[0]}"`,
        'Export the model in inference mode.',
      );
    }
    node.output = node.output.slice(0, 1);
    node.attribute = node.attribute.filter(({ name }) => name !== 'training_mode');
    frozen += 1;
  }
  return frozen === 0 ? model : opened.close();
}
