import { DataType } from '../format/dataType.ts';
import type { NodeProto } from '../generated/onnx_pb.ts';
import { inputOf } from '../graph/infer.ts';
import type { Ops } from '../graph/ops.ts';
import { identity } from './inline.ts';
import type { Sequences } from './sequences.ts';

/** Optional values that are known to be present: name → content. */
export type Optionals = Map<string, string>;

/**
 * Records the optional values that a node makes, and resolves the known ones that it reads.
 *
 * @param lists - the sequences whose elements are known; such a sequence counts as an optional value that is present
 * @returns the node's replacement, or the node itself if nothing is known
 */
export function throughOptionals(node: NodeProto, b: Ops, known: Optionals, lists: Sequences): NodeProto {
  const [from, name] = [inputOf(node, 0), node.output[0] ?? ''];
  if (node.opType === 'Optional' && from !== '') known.set(name, from);
  const held = known.get(from) ?? (lists.has(from) ? from : undefined);
  if (held === undefined) return node;
  switch (node.opType) {
    case 'Identity':
      if (known.has(from)) known.set(name, held);
      return node;
    case 'OptionalGetElement':
      return identity(held, name);
    case 'OptionalHasElement':
      return identity(b.literal(DataType.BOOL, [], [1]), name);
    default:
      return node;
  }
}
