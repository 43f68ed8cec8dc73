import { subgraph } from '../format/attributes.ts';
import { nodeName } from '../format/describeNode.ts';
import type { NodeProto } from '../generated/onnx_pb.ts';
import type { Ops } from '../graph/ops.ts';
import { writeOut } from '../graph/writeOut.ts';
import type { Sequences } from './sequences.ts';

/**
 * Unrolls a SequenceMap over known lists.
 *
 * @param append - appends a node to the graph
 * @returns whether the node was a SequenceMap over known lists
 */
export function unrollMap(
  node: NodeProto,
  b: Ops,
  known: Sequences,
  append: (node: NodeProto) => void,
): boolean {
  const body = subgraph(node, 'body');
  const lists = node.input.map((name) => known.get(name));
  const [first] = lists;
  // Each further input must be a known list too, or a tensor, which is passed to every iteration.
  const told = node.input.every((name, i) => lists[i] !== undefined || b.type(name).type !== 0);
  if (node.opType !== 'SequenceMap' || node.domain !== '' || !body || !first?.length || !told) return false;
  const rounds = first.map((_, round) => {
    const given = node.input.map((name, i) => (lists[i] === undefined ? name : (lists[i][round] ?? '')));
    const { nodes, outputs } = writeOut(body, given, b, `${nodeName(node)}/${round}`);
    nodes.forEach(append);
    return outputs;
  });
  node.output.forEach((name, i) => {
    if (name === '') return;
    const list = rounds.map((outputs) => outputs[i] as string);
    known.set(name, list);
    b.emitAs('SequenceConstruct', list, {}, name);
  });
  return true;
}
