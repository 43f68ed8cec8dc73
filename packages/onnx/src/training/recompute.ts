import { float } from '../format/attributes.ts';
import { captures } from '../format/captures.ts';
import { copyNode } from '../format/copyNode.ts';
import { DataType } from '../format/dataType.ts';
import type { NodeProto } from '../generated/onnx_pb.ts';
import type { Ops } from '../graph/ops.ts';
import { cutIntoSegments } from './segments.ts';

/** The assumed size of an axis of unknown size, when the sizes of values are compared. */
const freeAxis = 32;

/**
 * Values with at most this many elements are kept. Computing them again would take more time than their memory is
 * worth.
 */
const small = 4096;

/** Operators whose results differ from run to run, unless they were replaced for training. */
const random = /^(Random|Bernoulli$|Multinomial$|Dropout$)/;

const widths: Readonly<Record<number, number>> = {
  [DataType.BOOL]: 1,
  [DataType.UINT8]: 1,
  [DataType.INT8]: 1,
  [DataType.FLOAT16]: 2,
  [DataType.INT64]: 8,
  [DataType.DOUBLE]: 8,
};

/** The size of a value in bytes. It is 0 if it is small or unknown. */
function bytesOf(b: Ops, value: string): number {
  const { type, dims } = b.type(value);
  if (type === 0 || !dims) return 0;
  const count = dims.reduce<number>((n, dim) => n * (typeof dim === 'number' ? dim : freeAxis), 1);
  return count <= small ? 0 : count * (widths[type] ?? 4);
}

/** The nodes that some values depend on. */
function neededBy(nodes: readonly NodeProto[], values: Iterable<string>): Set<NodeProto> {
  const names = new Set(values);
  const needed = new Set<NodeProto>();
  for (const node of [...nodes].reverse()) {
    if (!node.output.some((name) => names.has(name))) continue;
    needed.add(node);
    for (const name of [...node.input, ...captures(node)]) names.add(name);
  }
  return needed;
}

const trains = (node: NodeProto): boolean =>
  node.opType === 'BatchNormalization' &&
  node.attribute.some(({ name, i }) => name === 'training_mode' && i === 1n);

/** Whether a node computes the same outputs if it runs again. */
function repeats(b: Ops, node: NodeProto): boolean {
  if (random.test(node.opType) || node.attribute.some(({ g, graphs }) => g || graphs.length > 0))
    return false;
  // Lists and optional values have no shape, so `#delayed` cannot make a view of them.
  if (!node.input.every((name) => name === '' || b.dims(name))) return false;
  // A batch norm outputs the batch's own statistics only if gradients need them. Otherwise they are mixed with the
  // running statistics.
  return !trains(node) || (float(node, 'momentum', 0.9) === 0 && node.output.length === 3);
}

/**
 * The inputs for a batch normalisation that is computed again, with bit-identical results. ONNX Runtime overwrites the
 * running statistics that the node reads, so the node gets zeros instead. With momentum 0, they have no effect.
 */
function ownStatistics(b: Ops, { output }: NodeProto, input: readonly string[]): string[] {
  return [...input.slice(0, 3), ...output.slice(1).map((found) => b.sub(found, found))];
}

/** The part of a graph that depends on `sources`, so that its results differ from step to step. */
function movingPart(b: Ops, sources: Iterable<string>): { nodes: NodeProto[]; values: Set<string> } {
  const values = new Set(sources);
  const nodes = b.nodes.filter((node) => {
    const moves = [...node.input, ...captures(node)].some((name) => values.has(name));
    if (moves) for (const name of node.output) values.add(name);
    return moves;
  });
  return { nodes, values };
}

/** Appends copies of the forward pass's nodes, which compute their values again, segment by segment. */
class Copies {
  readonly #b: Ops;
  /** The node that can compute a value again. A value without such a node is kept. */
  readonly #makers: ReadonlyMap<string, NodeProto>;
  readonly #moving: ReadonlySet<string>;
  readonly #made = new Map<string, string>();
  /** A tensor [0] for each segment. The runtime knows it only when the segment may begin. */
  readonly #starts = new Map<number, string>();

  constructor(b: Ops, makers: ReadonlyMap<string, NodeProto>, moving: ReadonlySet<string>) {
    this.#b = b;
    this.#makers = makers;
    this.#moving = moving;
  }

  /**
   * Lets a segment begin only when some values are known. Only the first call for a segment has an effect. A runtime
   * may run a node as soon as its inputs are known, so it could compute all segments at once. Therefore the inputs of a
   * segment are made to depend on these values.
   */
  begin(segment: number, values: () => readonly string[]): void {
    if (this.#starts.has(segment)) return;
    const sizes = values().map((value) => this.#b.emit('Size', [value]));
    this.#starts.set(segment, this.#b.mul(this.#b.emit('Max', sizes), this.#b.ints([0])));
  }

  /**
   * A kept value as an input of a segment: a view that is made when the segment begins. A Reshape would not do, because
   * ONNX Runtime (1.30) merges consecutive Reshapes, and the dependency would be lost.
   */
  #delayed(name: string, segment: number): string {
    return this.#once(`${segment} ${name}`, () => {
      const b = this.#b;
      const wrapped = b.emit('Unsqueeze', [name, this.#starts.get(segment) as string]);
      const { type, dims } = b.type(name);
      return b.declare(b.squeeze(wrapped, [0]), type, dims);
    });
  }

  #once(key: string, make: () => string): string {
    const known = this.#made.get(key) ?? make();
    this.#made.set(key, known);
    return known;
  }

  /** The name of a segment's value after it is computed again, or of the delayed view if the value is kept. */
  of(value: string, segment: number): string {
    const node = this.#makers.get(value);
    if (!node) return this.#delayed(value, segment);
    return this.#once(value, () => {
      const b = this.#b;
      // One delayed input is enough to make the node wait.
      const waits = node.input.some((from) => this.#moving.has(from) && bytesOf(b, from) > 0);
      const input = node.input.map((from) => {
        const stands = !this.#moving.has(from) || (waits && bytesOf(b, from) === 0);
        return stands ? from : this.of(from, segment);
      });
      const output = node.output.map((to) => (to === '' ? '' : b.uniqueName(node.opType)));
      const name = output.find((to) => to !== '') as string;
      b.append(copyNode(node, { name, input: trains(node) ? ownStatistics(b, node, input) : input, output }));
      node.output.forEach((from, i) => {
        const to = output[i] as string;
        if (to === '') return;
        b.declare(to, b.type(from).type, b.dims(from));
        this.#made.set(from, to);
      });
      return this.#made.get(value) as string;
    });
  }
}

/**
 * Gradient checkpointing. Activations between segments of the forward pass are kept. Activations inside a segment are
 * computed again when the backward pass reaches this segment. Activations inside the last segment are kept too,
 * because the backward pass reads them immediately.
 *
 * @param sources - the values that differ from step to step: data, targets, the number that determines dropout masks
 * @param count - the number of nodes of the forward pass, which come first in the graph
 * @param wanted - the gradients that are needed
 */
export function recompute(b: Ops, sources: Iterable<string>, count: number, wanted: Iterable<string>): void {
  const needed = neededBy(b.nodes, wanted);
  const backward = b.nodes.splice(count);
  const { nodes, values: moving } = movingPart(b, sources);
  // Values that nodes with inner graphs read are kept, because inner graphs refer to them by name.
  const held = new Set(
    backward.flatMap((node) => (node.attribute.some(({ g }) => g) ? [...node.input, ...captures(node)] : [])),
  );
  const makers = new Map<string, NodeProto>();
  for (const node of nodes) {
    if (!repeats(b, node)) continue;
    for (const name of node.output) if (bytesOf(b, name) > 0 && !held.has(name)) makers.set(name, node);
  }
  const segments = cutIntoSegments({
    nodes,
    sizeOf: (name) => (makers.has(name) ? bytesOf(b, name) : 0),
    read: new Set(backward.flatMap((node) => (needed.has(node) ? node.input : []))),
  });
  const { cuts, kept } = segments ?? { cuts: [], kept: [] };
  for (const name of kept) makers.delete(name);
  const segmentOf = new Map<string, number>();
  nodes.forEach(({ output }, i) => {
    for (const name of output) segmentOf.set(name, cuts.filter((cut) => cut < i).length);
  });

  /**
   * Results of the backward pass that no node has read yet. Once they are known, the backward pass is done up to here.
   */
  const open = new Set<string>();
  const copies = new Copies(b, makers, moving);
  const renewed = (name: string): string => {
    const segment = segmentOf.get(name);
    if (segment === undefined || segment === cuts.length || !makers.has(name)) return name;
    return b.writtenFor('activations that are computed again', () => {
      copies.begin(segment, () => {
        const values = [...open];
        open.clear();
        return values;
      });
      return copies.of(name, segment);
    });
  };
  for (const node of backward) {
    if (needed.has(node)) {
      node.input = node.input.map(renewed);
      for (const name of node.input) open.delete(name);
      for (const name of node.output) if (name !== '') open.add(name);
    }
    b.nodes.push(node);
  }
}
