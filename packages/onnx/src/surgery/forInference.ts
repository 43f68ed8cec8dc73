import { allNodes } from '../format/captures.ts';
import { freezeBatchNorm } from './freezeBatchNorm.ts';
import { Opened } from './opened.ts';

/**
 * Puts a trained model into inference mode, so that it can be deployed. Batch norms use their running statistics, and
 * Dropout drops nothing, also inside branches, loops and the model's own functions. `exportModel()` changes neither batch norms nor Dropout, so a file made for training stays
 * in training mode.
 *
 * @param model - the content of an .onnx file; it is not changed
 * @returns the content of the new file; a model in inference mode is returned unchanged
 * @throws {ClrError} if other nodes read the statistics that a norm computes
 *
 * @example
 * ```ts
 * const layers = [{ type: 'dense', units: 8 }, { type: 'batchNorm' }, { type: 'dropout', rate: 0.5 }];
 * const model = buildModel({ input: [4], layers });
 * forInference(model).length < model.length; // true
 * ```
 */
export function forInference(model: Uint8Array): Uint8Array {
  const frozen = freezeBatchNorm(model);
  const opened = new Opened(frozen);
  const dropping = allNodes(opened.model.proto).filter(
    ({ opType, input }) => opType === 'Dropout' && (input[2] ?? '') !== '',
  );
  if (dropping.length === 0) return frozen;
  const modes = new Set(dropping.map(({ input }) => input[2] as string));
  for (const node of dropping) node.input = node.input.slice(0, 2);
  for (const name of modes) {
    const stored = opened.graph.initializer.some((tensor) => tensor.name === name);
    if (stored && opened.readers(name).length === 0 && !opened.isOutput(name)) opened.forget(name);
  }
  return opened.close();
}
