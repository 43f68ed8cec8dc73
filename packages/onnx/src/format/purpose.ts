import type { NodeProto } from '../generated/onnx_pb.ts';

/** The start of `doc_string` in nodes that clr emitted. No other node has it. */
const mark = 'clr: for ';

/** Records the purpose of a node that clr emitted, such as `the gradient of node "conv1" (Conv)`. */
export function setPurpose(node: NodeProto, purpose: string): void {
  node.docString = `${mark}${purpose}`;
}

/** The purpose for which clr emitted a node, or `undefined` for a node of the user's model. */
export function purposeOf({ docString }: NodeProto): string | undefined {
  return docString.startsWith(mark) ? docString.slice(mark.length) : undefined;
}
