import { create } from '@bufbuild/protobuf';
import { DataType } from '../format/dataType.ts';
import type { Model } from '../format/model.ts';
import { makeTensor } from '../format/tensor.ts';
import { GraphProtoSchema } from '../generated/onnx_pb.ts';
import { findQuantised } from './quantisedWeights.ts';

/**
 * A model in which stored integers that stand for weights are float32, under their own names: masters that are trained,
 * and rounded back when the model is exported.
 *
 * @param chosen - which of them
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
