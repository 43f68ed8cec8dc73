import { bringIn, type Content, isContent } from '../format/content.ts';
import { type Model, readModel } from '../format/model.ts';
import { hoistTensors } from './hoist.ts';
import { sortNodes } from './sortNodes.ts';
import { widenModel } from './widenModel.ts';

/**
 * Reads a model for training. Widens float16 to float32, turns all stored floats into initializers, and sorts the
 * nodes.
 *
 * @throws {ClrError} if the bytes are not an ONNX model
 */
export function readSource(given: Uint8Array | Content): Model {
  const { bytes, parts } = isContent(given) ? given : { bytes: given, parts: new Map<string, Uint8Array>() };
  const read = readModel(bytes);
  const brought = bringIn(read.proto, parts);
  const model = hoistTensors(widenModel(read));
  const outside = new Map(
    model.graph.initializer.flatMap((tensor) => {
      const place = brought.get(tensor);
      return place ? [[tensor.name, place] as const] : [];
    }),
  );
  // Sorting comes last, because the tensors' places refer to the file's order.
  model.graph.node = sortNodes(model.graph.node);
  for (const body of model.proto.functions) body.node = sortNodes(body.node);
  return { ...model, outside };
}
