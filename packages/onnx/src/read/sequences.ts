import { int } from '../format/attributes.ts';
import type { NodeProto } from '../generated/onnx_pb.ts';
import { axisOf, inputOf } from '../graph/infer.ts';
import type { Ops } from '../graph/ops.ts';
import { identity } from './inline.ts';

/**
 * The sequences whose elements are known before the run, by name. Scripted models put tensors into lists and take
 * them out again. After these lists are resolved, the gradient rules see only tensors.
 */
export type Sequences = Map<string, readonly string[]>;

/** The pieces that SplitToSequence makes, if their sizes are known. */
function pieces(node: NodeProto, b: Ops): readonly string[] | undefined {
  const [x, sizes] = [inputOf(node, 0), inputOf(node, 1)];
  const dims = b.dims(x);
  if (!dims) return undefined;
  const axis = axisOf(int(node, 'axis', 0), dims.length);
  const total = dims[axis];
  const given = sizes === '' ? [1] : b.numbers(sizes);
  if (!given || typeof total !== 'number') return undefined;
  const each = given[0] ?? 0;
  const even = sizes === '' || b.dims(sizes)?.length === 0;
  if (even && !(each > 0 && total / each <= 4096)) return undefined;
  const widths = even
    ? Array.from({ length: Math.ceil(total / each) }, (_, i) => Math.min(each, total - i * each))
    : given;
  if (widths.length === 0) return undefined;
  const parts = widths.length === 1 ? [x] : b.emitAll('Split', [x, b.ints(widths)], { axis }, widths.length);
  return sizes === '' && int(node, 'keepdims', 1) === 0
    ? parts.map((part) => b.squeeze(part, [axis]))
    : parts;
}

/** The list index that a position input refers to. An omitted input means `preset`. */
function position(node: NodeProto, at: number, length: number, preset: number, b: Ops): number | undefined {
  const given = inputOf(node, at);
  const known = given === '' ? preset : b.numbers(given)?.[0];
  const from = known === undefined ? -1 : known < 0 ? known + length : known;
  return from >= 0 && from <= length ? from : undefined;
}

/** The elements of the sequence that a node makes, if they are known. */
function made(node: NodeProto, b: Ops, known: Sequences): readonly string[] | undefined {
  if (node.opType === 'SequenceEmpty') return [];
  if (node.opType === 'SequenceConstruct') return [...node.input];
  if (node.opType === 'SplitToSequence') return pieces(node, b);
  const list = known.get(inputOf(node, 0));
  if (!list) return undefined;
  if (node.opType === 'Identity') return list;
  if (node.opType === 'SequenceInsert') {
    const at = position(node, 2, list.length, list.length, b);
    return at === undefined ? undefined : [...list.slice(0, at), inputOf(node, 1), ...list.slice(at)];
  }
  if (node.opType === 'SequenceErase') {
    const at = position(node, 1, list.length, list.length - 1, b);
    return at === undefined ? undefined : [...list.slice(0, at), ...list.slice(at + 1)];
  }
  return undefined;
}

/** The tensor that a node takes from a known sequence. */
function taken(node: NodeProto, b: Ops, known: Sequences): string | undefined {
  const list = known.get(inputOf(node, 0));
  if (!list) return undefined;
  if (node.opType === 'SequenceLength') return b.int(list.length);
  if (node.opType === 'SequenceAt') {
    const at = position(node, 1, list.length, 0, b);
    return at === undefined ? undefined : list[at];
  }
  if (node.opType !== 'ConcatFromSequence' || list.length === 0) return undefined;
  const axis = int(node, 'axis', 0);
  const fresh = int(node, 'new_axis', 0) === 1;
  return b.concat(fresh ? list.map((part) => b.unsqueeze(part, [axis])) : list, axis);
}

/**
 * Records the sequences that a node makes, and resolves what it takes from known sequences.
 *
 * @returns the node's replacement, or the node itself if nothing is known
 */
export function throughSequences(node: NodeProto, b: Ops, known: Sequences): NodeProto {
  const name = node.output[0] ?? '';
  const list = made(node, b, known);
  if (list) known.set(name, list);
  const value = list ? undefined : taken(node, b, known);
  if (value === undefined) return node;
  return identity(value, name);
}
