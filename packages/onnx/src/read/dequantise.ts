import { create } from '@bufbuild/protobuf';
import { DataType } from '../format/dataType.ts';
import type { Model } from '../format/model.ts';
import { makeTensor } from '../format/tensor.ts';
import { GraphProtoSchema } from '../generated/onnx_pb.ts';
import { findQuantised } from './quantisedWeights.ts';

/**
 * Replaces the stored integers of quantised weights by float32 values of the same name. These master weights can be
 * trained, and are rounded back to integers when the model is exported.
 *
 * @param chosen - selects the weights to replace
 */
export function dequantised(model: Model, chosen: (name: string) => boolean = () => true): Model {
  const integers = findQuantised(model);
  if (integers.size === 0) return model;
  const quantised = new Map([...integers].filter(([name]) => chosen(name)));
  const initializer = model.graph.initializer.map((tensor) => {
    const record = quantised.get(tensor.name);
    return record ? makeTensor(tensor.name, DataType.FLOAT, record.dims, record.decode()) : tensor;
  });
  return { ...model, integers, quantised, graph: create(GraphProtoSchema, { ...model.graph, initializer }) };
}
