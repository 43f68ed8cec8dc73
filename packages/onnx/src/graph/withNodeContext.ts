import { ClrError } from '@clr/core';
import { fail } from '../errors.ts';
import { describeNode } from '../format/describeNode.ts';
import { purposeOf } from '../format/purpose.ts';
import type { NodeProto } from '../generated/onnx_pb.ts';

/**
 * Does some work on a node of a model. Operators' rules take a node at its word (a Transpose has an input, a
 * perm counts its axes); where the file breaks it, what they stumble over becomes an error that names the node.
 */
export function withNodeContext<T>(node: NodeProto, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof ClrError) throw cause;
    throw fail(
      'every node to have the inputs and attributes that its operator asks for',
      `${describeNode(node)}: ${cause instanceof Error ? cause.message : String(cause)}`,
      purposeOf(node) === undefined
        ? 'The file is damaged; check it with onnx.checker.'
        : 'The model is not at fault but clr, unless its shapes are declared wrongly; please report it.',
      { cause },
    );
  }
}
