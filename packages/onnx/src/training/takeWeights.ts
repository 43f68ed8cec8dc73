import { captures } from '../format/captures.ts';
import { DataType } from '../format/dataType.ts';
import { dimsOf } from '../format/tensor.ts';
import type { GraphProto, NodeProto, TensorProto } from '../generated/onnx_pb.ts';
import { declaration } from '../graph/declaration.ts';

/** Tensors smaller than this (in bytes) stay in the graph. */
const least = 1 << 20;

/** Graphs that hold less than this (in bytes) stay unchanged. */
const large = 1 << 26;

/**
 * Operators for which an input is as fast as a constant. A Conv is not among them: the runtime optimises the layout of
 * its constant weights.
 */
const takers = new Set(['MatMul', 'Gemm', 'Gather']);

/** The nodes that read each value. A node with inner graphs reads what they read. */
function readersOf(nodes: readonly NodeProto[]): Map<string, NodeProto[]> {
  const readers = new Map<string, NodeProto[]>();
  for (const node of nodes) {
    for (const name of new Set([...node.input, ...captures(node)]))
      readers.set(name, [...(readers.get(name) ?? []), node]);
  }
  return readers;
}

/** The stored tensors that only such operators read. The runtime merges a Transpose into the MatMul that follows. */
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
 * Removes large frozen weights from a graph and makes them inputs. For weights in a file, the runtime makes two copies,
 * and each session makes its own; an input is not copied.
 *
 * @returns the weights, or none if they are too small to matter
 */
export function takeWeights(graph: GraphProto): TensorProto[] {
  const weights = movable(graph);
  if (weights.reduce((sum, { rawData }) => sum + rawData.length, 0) < large) return [];
  const taken = new Set(weights);
  graph.initializer = graph.initializer.filter((tensor) => !taken.has(tensor));
  for (const tensor of weights) graph.input.push(declaration(tensor.name, tensor.dataType, dimsOf(tensor)));
  return weights;
}
