import { subgraphs } from '../format/captures.ts';
import { DataType } from '../format/dataType.ts';
import { isHalf, widen } from '../format/half.ts';
import type { Model } from '../format/model.ts';
import { checkStored } from '../format/tensor.ts';
import type {
  AttributeProto,
  GraphProto,
  NodeProto,
  TensorProto,
  ValueInfoProto,
} from '../generated/onnx_pb.ts';
import { TensorProto_DataLocation } from '../generated/onnx_pb.ts';

function widenTensor(tensor: TensorProto): void {
  const { dataType, rawData } = tensor;
  if (!isHalf(dataType) || tensor.dataLocation === TensorProto_DataLocation.EXTERNAL) return;
  checkStored(tensor);
  // Typed arrays need aligned addresses. slice() of a Node Buffer is a view, so copy with the constructor.
  const even = rawData.byteOffset % 2 === 0 ? rawData : new Uint8Array(rawData);
  const bits =
    rawData.length > 0
      ? new Uint16Array(even.buffer, even.byteOffset, even.byteLength / 2)
      : tensor.int32Data;
  tensor.rawData = new Uint8Array(widen(bits, dataType).buffer as ArrayBuffer);
  tensor.int32Data = [];
  tensor.dataType = DataType.FLOAT;
}

/** The attributes that hold the type of an operator's output. */
const typeAttributes = new Set(['to', 'dtype']);

function widenAttribute(attribute: AttributeProto): void {
  if (attribute.t) widenTensor(attribute.t);
  attribute.tensors.forEach(widenTensor);
  if (typeAttributes.has(attribute.name) && isHalf(Number(attribute.i))) attribute.i = BigInt(DataType.FLOAT);
}

function widenValue({ type }: ValueInfoProto): void {
  if (type?.value.case === 'tensorType' && isHalf(type.value.value.elemType)) {
    type.value.value.elemType = DataType.FLOAT;
  }
}

function widenNode(node: NodeProto): void {
  node.attribute.forEach(widenAttribute);
  subgraphs(node).forEach(widenGraph);
}

function widenGraph(graph: GraphProto): void {
  graph.initializer.forEach(widenTensor);
  for (const info of [...graph.input, ...graph.output, ...graph.valueInfo]) widenValue(info);
  graph.node.forEach(widenNode);
}

/**
 * Converts a model of float16 or bfloat16 to float32. Weights are trained as float32 masters, because most updates of a
 * 16-bit weight are smaller than its last bit. All computation and all float inputs are float32 too.
 *
 * @param model - a freshly decoded model, which this function changes
 */
export function widenModel(model: Model): Model {
  widenGraph(model.graph);
  for (const body of model.proto.functions) body.node.forEach(widenNode);
  return model;
}
