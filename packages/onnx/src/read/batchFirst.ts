import { create } from '@bufbuild/protobuf';
import { int, makeAttribute } from '../format/attributes.ts';
import { type NodeProto, NodeProtoSchema } from '../generated/onnx_pb.ts';
import { inputOf } from '../graph/infer.ts';
import type { Ops } from '../graph/ops.ts';

const recurrent = new Set(['RNN', 'GRU', 'LSTM']);

const transposed = (from: string, to: string, perm: readonly number[]): NodeProto =>
  create(NodeProtoSchema, {
    opType: 'Transpose',
    name: to,
    input: [from],
    output: [to],
    attribute: [makeAttribute('perm', perm)],
  });

/**
 * Rewrites a recurrent layer whose first axis is the batch (`layout` = 1) as one whose first axis is time, with
 * transposes before and after it. ONNX Runtime has kernels only for layers whose first axis is time.
 *
 * @returns the nodes that replace it; `undefined` for any other node
 */
export function timeFirst(node: NodeProto, b: Ops): NodeProto[] | undefined {
  if (!recurrent.has(node.opType) || node.domain !== '' || int(node, 'layout', 0) !== 1) return undefined;
  node.attribute = node.attribute.filter(({ name }) => name !== 'layout');
  // x and the initial states.
  for (const i of [0, 5, 6]) {
    const given = inputOf(node, i);
    if (given !== '') node.input[i] = b.transpose(given, [1, 0, 2]);
  }
  const after = node.output.flatMap((name, i) => {
    if (name === '') return [];
    const made = b.uniqueName(name);
    node.output[i] = made;
    // [time, direction, batch, hidden] for the sequence, [direction, batch, hidden] for the last states.
    return [transposed(made, name, i === 0 ? [2, 0, 1, 3] : [1, 0, 2])];
  });
  return [node, ...after];
}
