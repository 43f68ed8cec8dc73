import { ClrError } from '@clr/core';
import { fail, messageOf } from '../errors.ts';
import { describeNode } from '../format/describeNode.ts';
import { purposeOf } from '../format/purpose.ts';
import type { NodeProto } from '../generated/onnx_pb.ts';

/**
 * Runs `work` and adds the node to its errors. The code for an operator assumes a valid node: for example, that a
 * Transpose has an input, and that its `perm` lists all axes. If a damaged file breaks such an assumption, the
 * exception becomes an error that names the node.
 */
export function withNodeContext<T>(node: NodeProto, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof ClrError) throw cause;
    throw fail(
      'every node to have the inputs and attributes that its operator requires',
      `${describeNode(node)}: ${messageOf(cause)}`,
      purposeOf(node) === undefined
        ? 'The file is damaged; check it with onnx.checker.'
        : 'The fault is in clr, not in the model, unless the model declares wrong shapes; please report it.',
      { cause },
    );
  }
}
