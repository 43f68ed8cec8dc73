import { int, ints } from '../../format/attributes.ts';
import { copyNode } from '../../format/copyNode.ts';
import type { NodeProto } from '../../generated/onnx_pb.ts';
import type { Graph } from '../../graph/graph.ts';
import { inputOf } from '../../graph/infer.ts';
import type { Ops } from '../../graph/ops.ts';
import type { Row } from '../row.ts';

/** The number of input channels, if the provider's kernel gives wrong results for that number. */
function misreadChannels(node: NodeProto, graph: Graph): number | undefined {
  const [outputs, inputs] = graph.dims(inputOf(node, 1)) ?? [];
  const wrong =
    int(node, 'group', 1) === 1 &&
    typeof inputs === 'number' &&
    inputs > 3 &&
    inputs % 3 === 0 &&
    inputs % 4 !== 0 &&
    (typeof outputs !== 'number' || outputs % 4 === 0);
  return wrong ? inputs : undefined;
}

/**
 * Appends a convolution. If its number of input channels would give wrong results, pads the channels with zeros to a
 * multiple of 4.
 */
export function appendFilledUp(node: NodeProto, b: Ops): void {
  const inputs = misreadChannels(node, b);
  if (inputs === undefined) {
    b.append(node);
    return;
  }
  const [x, w] = [inputOf(node, 0), inputOf(node, 1)];
  const rank = b.rank(w);
  const none = Array(rank).fill(0);
  const pads = b.ints([...none, 0, 4 - (inputs % 4), ...Array(rank - 2).fill(0)]);
  const filled = [x, w].map((value) => b.emit('Pad', [value, pads]));
  b.append(copyNode(node, { input: [...filled, ...node.input.slice(2)] }));
}

export const convFilledUp: Row = {
  operator: 'Conv',
  form: 'with channels filled up',
  where: 'webgpu',
  because:
    "the provider's kernel reads 6, 9, 15, … input channels wrongly if the number of output channels is a multiple of 4 (microsoft/onnxruntime issue 29651)",
  applies: (node, graph) =>
    ints(node, 'kernel_shape')?.every((size) => size === 1) ? undefined : misreadChannels(node, graph),
  write: (node, b) => {
    appendFilledUp(node, b);
    return undefined;
  },
};
