import type { NodeProto } from '../generated/onnx_pb.ts';

/** Begins the `doc_string` of the nodes that clr wrote, and of no other. */
const mark = 'clr: for ';

/** Notes in a node that clr wrote what it is for, such as `the gradient of node "conv1" (Conv)`. */
export function setPurpose(node: NodeProto, purpose: string): void {
  node.docString = `${mark}${purpose}`;
}

/** What clr wrote a node for; `undefined` for a node of the model's own. */
export function purposeOf({ docString }: NodeProto): string | undefined {
  return docString.startsWith(mark) ? docString.slice(mark.length) : undefined;
}
