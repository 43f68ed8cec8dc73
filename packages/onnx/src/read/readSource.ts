import { type Model, readModel } from '../format/model.ts';
import { hoistTensors } from './hoist.ts';
import { widenModel } from './widenModel.ts';

/**
 * Reads the model that is to be trained: halfs widened to float32, all stored floats among the initializers.
 *
 * @throws {ClrError} on bytes that are no ONNX model
 */
export function readSource(bytes: Uint8Array): Model {
  return hoistTensors(widenModel(readModel(bytes)));
}
