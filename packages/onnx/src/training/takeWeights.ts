import { captures } from '../format/captures.ts';
import { DataType } from '../format/dataType.ts';
import { dimsOf } from '../format/tensor.ts';
import type { GraphProto, NodeProto, TensorProto } from '../generated/onnx_pb.ts';
import { declaration } from '../graph/declaration.ts';

/** Smaller tensors (bytes) stay in the graph. */
const least = 1 << 20;

/** Graphs that hold less than this (bytes) stay as they are. */
const large = 1 << 26;

/** Where a weight is as good as an input as it is as a constant. Of a Conv the runtime lays out constant weights anew. */
const takers = new Set(['MatMul', 'Gemm', 'Gather']);

/** The nodes that read each value; a node with graphs inside reads what they read. */
function readersOf(nodes: readonly NodeProto[]): Map<string, NodeProto[]> {
  const readers = new Map<string, NodeProto[]>();
  for (const node of nodes) {
    for (const name of new Set([...node.input, ...captures(node)]))
      readers.set(name, [...(readers.get(name) ?? []), node]);
  }
  return readers;
}

/** The stored tensors that only such nodes read. A Transpose before a MatMul becomes a part of it in the runtime. */
function movable({ node: nodes, initializer }: GraphProto): TensorProto[] {
  const readers = readersOf(nodes);
  const takes = ({ opType, domain, output }: NodeProto): boolean =>
    domain === '' &&
    (takers.has(opType) ||
      (opType === 'Transpose' &&
        readers.get(output[0] ?? '')?.every((next) => next.opType === 'MatMul') === true));
  return initializer.filter(
    ({ name, dataType, rawData }) =>
      dataType === DataType.FLOAT && rawData.length >= least && readers.get(name)?.every(takes),
  );
}

/**
 * Takes large weights that stay as they are out of a graph, which gets them as inputs. Of what a file holds the runtime
 * makes two copies, and each session its own; an input is read where it lies.
 *
 * @returns the weights; none where they are too small to matter
 */
export function takeWeights(graph: GraphProto): TensorProto[] {
  const weights = movable(graph);
  if (weights.reduce((sum, { rawData }) => sum + rawData.length, 0) < large) return [];
  const taken = new Set(weights);
  graph.initializer = graph.initializer.filter((tensor) => !taken.has(tensor));
  for (const tensor of weights) graph.input.push(declaration(tensor.name, tensor.dataType, dimsOf(tensor)));
  return weights;
}
