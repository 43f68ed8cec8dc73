import type { NodeProto } from '../generated/onnx_pb.ts';

/** The name of a node, or its first output if it has none. */
export function nodeName(node: NodeProto): string {
  return node.name || node.output.find((name) => name !== '') || node.opType;
}

/** A node as errors name it: `node "conv1" (Conv)`; the domain is named unless it is the default one. */
export function describeNode(node: NodeProto): string {
  const domain = node.domain === '' || node.domain === 'ai.onnx' ? '' : ` of ${node.domain}`;
  return `node "${nodeName(node)}" (${node.opType}${domain})`;
}
