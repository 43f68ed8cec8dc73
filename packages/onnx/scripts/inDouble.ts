import { int } from '../src/format/attributes.ts';
import { DataType } from '../src/format/dataType.ts';
import { readModel, writeModel } from '../src/format/model.ts';
import type { NodeProto } from '../src/generated/onnx_pb.ts';
import { makeNode } from '../src/layers/makeNode.ts';
import type { Ort } from '../src/runtime/ort.ts';

/** The node between two casts. */
function cast(node: NodeProto, at: number): NodeProto[] {
  const wide = (name: string, side: string): string => (name === '' ? '' : `${name}/${side}${at}`);
  const to = (from: string, name: string, type: number): NodeProto =>
    makeNode('Cast', [from], [name], { to: type });
  const before = [...new Set(node.input)].map((name) => to(name, wide(name, 'in'), DataType.DOUBLE));
  const after = node.output.map((name) => to(wide(name, 'out'), name, DataType.FLOAT));
  node.input = node.input.map((name) => wide(name, 'in'));
  node.output = node.output.map((name) => wide(name, 'out'));
  return [...before, node, ...after].filter(({ input, output }) => input[0] !== '' && output[0] !== '');
}

/**
 * A runtime that computes the nodes of some operators in double. Of the batch normalisations, it chooses only those in
 * training mode. clr writes gradients with batch normalisations in inference mode, and these stay in float32.
 */
export function inDouble(ort: Ort, operators: readonly string[]): Ort {
  const chosen = (node: NodeProto): boolean =>
    operators.includes(node.opType) &&
    (node.opType !== 'BatchNormalization' || int(node, 'training_mode', 0) === 1);
  const create = (bytes: Uint8Array, options?: object) => {
    const { proto, graph } = readModel(bytes);
    graph.node = graph.node.flatMap((node, at) => (chosen(node) ? cast(node, at) : [node]));
    return ort.InferenceSession.create(writeModel(proto), options);
  };
  return { ...ort, InferenceSession: { create: create as Ort['InferenceSession']['create'] } };
}
