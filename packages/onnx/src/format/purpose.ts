import type { NodeProto } from '../generated/onnx_pb.ts';

/** The beginning of the `doc_string` of nodes that clr wrote, and of no others. */
const mark = 'clr: for ';

/** Records the purpose of a node that clr wrote, such as `the gradient of node "conv1" (Conv)`. */
export function setPurpose(node: NodeProto, purpose: string): void {
  node.docString = `${mark}${purpose}`;
}

/** The purpose for which clr wrote a node; `undefined` for a node of the user's model. */
export function purposeOf({ docString }: NodeProto): string | undefined {
  return docString.startsWith(mark) ? docString.slice(mark.length) : undefined;
}
