import { type Model, readModel } from '../format/model.ts';
import { hoistTensors } from './hoist.ts';
import { sortNodes } from './sortNodes.ts';
import { widenModel } from './widenModel.ts';

/**
 * Reads the model that is to be trained: halfs widened to float32, all stored floats among the initializers, nodes in order.
 *
 * @throws {ClrError} on bytes that are no ONNX model
 */
export function readSource(bytes: Uint8Array): Model {
  const model = hoistTensors(widenModel(readModel(bytes)));
  // Places in the file were noted before.
  model.graph.node = sortNodes(model.graph.node);
  for (const body of model.proto.functions) body.node = sortNodes(body.node);
  return model;
}
