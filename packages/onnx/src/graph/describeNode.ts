import type { NodeProto } from '../generated/onnx_pb.ts';
import { purposeOf } from './purpose.ts';

/** The name of a node, or its first output if it has none. */
export function nodeName(node: NodeProto): string {
  return node.name || node.output.find((name) => name !== '') || node.opType;
}

/** A node as errors name it: `node "conv1" (Conv)`; a domain other than the default one is named too. */
export function describeNode(node: NodeProto): string {
  const domain = node.domain === '' || node.domain === 'ai.onnx' ? '' : ` of ${node.domain}`;
  const purpose = purposeOf(node);
  return `node "${nodeName(node)}" (${node.opType}${domain})${purpose ? `, which clr wrote for ${purpose}` : ''}`;
}

/** What a node stands for in the model that is trained: itself, or what clr wrote it for. */
export function originOf(node: NodeProto): string {
  return purposeOf(node) ?? describeNode(node);
}
