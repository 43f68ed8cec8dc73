import { captures } from '../format/captures.ts';
import { DataType } from '../format/dataType.ts';
import { dimsOf } from '../format/tensor.ts';
import type { GraphProto, NodeProto, TensorProto } from '../generated/onnx_pb.ts';
import { declaration } from '../graph/declaration.ts';

/** Tensors smaller than this (in bytes) stay in the graph. */
const least = 1 << 20;

/** If the weights that only `takers` read take less than this (in bytes), they stay, unless the file is too large. */
const large = 1 << 26;

/** The bytes of weights that a graph may keep. A file is limited to 2 GiB, and the nodes need room too. */
const most = 2 ** 31 - 2 ** 26;

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

const bytesOf = (tensors: readonly TensorProto[]): number =>
  tensors.reduce((sum, { rawData }) => sum + rawData.length, 0);

/** The stored tensors that only `takers` read. They may be transposed before a MatMul: the runtime merges the two. */
function movable({ node: nodes }: GraphProto, tensors: readonly TensorProto[]): TensorProto[] {
  const readers = readersOf(nodes);
  const takes = ({ opType, domain, output }: NodeProto): boolean =>
    domain === '' &&
    (takers.has(opType) ||
      (opType === 'Transpose' &&
        readers.get(output[0] ?? '')?.every((next) => next.opType === 'MatMul') === true));
  return tensors.filter(({ name }) => readers.get(name)?.every(takes));
}

/** The largest tensors, as many as must be removed so that the others fit. */
function largest(tensors: readonly TensorProto[], excess: number): TensorProto[] {
  const taken: TensorProto[] = [];
  let left = excess;
  for (const tensor of [...tensors].sort((a, b) => b.rawData.length - a.rawData.length)) {
    if (left <= 0) break;
    taken.push(tensor);
    left -= tensor.rawData.length;
  }
  return taken;
}

/**
 * Removes large frozen weights from a graph and makes them inputs. In each session, the runtime makes two copies of
 * the weights in a file. It does not copy inputs. Convolutions are faster with constant weights, so their weights are
 * removed only if the graph would otherwise be too large for a file.
 *
 * @param limit - the bytes of weights that the graph may keep
 * @returns the weights, or none if they are too small to matter
 */
export function takeWeights(graph: GraphProto, limit: number = most): TensorProto[] {
  const possible = graph.initializer.filter(
    ({ dataType, rawData }) => dataType === DataType.FLOAT && rawData.length >= least,
  );
  const free = movable(graph, possible);
  const easy = bytesOf(free) < large ? [] : free;
  const rest = possible.filter((tensor) => !easy.includes(tensor));
  const excess = bytesOf(graph.initializer) - bytesOf(easy) - limit;
  const weights = [...easy, ...largest(rest, excess)];
  const taken = new Set(weights);
  graph.initializer = graph.initializer.filter((tensor) => !taken.has(tensor));
  for (const tensor of weights) graph.input.push(declaration(tensor.name, tensor.dataType, dimsOf(tensor)));
  return weights;
}
