import { fromBinary } from '@bufbuild/protobuf';
import { writeModel } from '../format/model.ts';
import { ModelProtoSchema } from '../generated/onnx_pb.ts';
import type { Written } from '../training/emit.ts';
import { letGo } from './letGo.ts';

/** Smaller files are kept unchanged. */
const large = 1 << 20;

/**
 * Drops the stored tensors of a model once the runtime has loaded it. The nodes are kept to explain refusals. The
 * model's initial state must not be read any more.
 */
export function withoutContent(model: Written): Written {
  const state = model.state.map((tensor) => ({
    ...tensor,
    initial: tensor.initial instanceof Float64Array ? new Float64Array() : new Float32Array(),
  }));
  const { bytes } = model;
  if (bytes.length < large) return { ...model, state };
  const proto = fromBinary(ModelProtoSchema, bytes);
  if (proto.graph) proto.graph.initializer = [];
  const nodes = writeModel(proto);
  letGo(bytes);
  return { ...model, bytes: nodes, state };
}
