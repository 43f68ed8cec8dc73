import type { NodeProto } from '../generated/onnx_pb.ts';
import { purposeOf } from './purpose.ts';

/** The name of a node. If it has none, the name of its first output, or else its operator. */
export function nodeName(node: NodeProto): string {
  return node.name || node.output.find((name) => name !== '') || node.opType;
}

/** Describes a node for an error message: `node "conv1" (Conv)`. Adds the domain unless it is the default one. */
export function describeNode(node: NodeProto): string {
  const domain = node.domain === '' || node.domain === 'ai.onnx' ? '' : ` of ${node.domain}`;
  const purpose = purposeOf(node);
  return `node "${nodeName(node)}" (${node.opType}${domain})${purpose ? `, which clr wrote for ${purpose}` : ''}`;
}

/** The origin of a node in the user's model: the node itself, or the node that clr emitted it for. */
export function originOf(node: NodeProto): string {
  return purposeOf(node) ?? describeNode(node);
}
