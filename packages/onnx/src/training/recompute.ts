import { float } from '../format/attributes.ts';
import { captures } from '../format/captures.ts';
import { copyNode } from '../format/copyNode.ts';
import { DataType } from '../format/dataType.ts';
import type { NodeProto } from '../generated/onnx_pb.ts';
import type { Ops } from '../graph/ops.ts';
import { cutIntoSegments } from './segments.ts';

/** Stands for an axis of unknown size where values are compared. */
const freeAxis = 32;

/** Values of at most this many elements are kept: they take less memory than the nodes that make them take time. */
const small = 4096;

/** Operators whose results differ from run to run, where the training form left them. */
const random = /^(Random|Bernoulli$|Multinomial$|Dropout$)/;

const widths: Readonly<Record<number, number>> = {
  [DataType.BOOL]: 1,
  [DataType.UINT8]: 1,
  [DataType.INT8]: 1,
  [DataType.FLOAT16]: 2,
  [DataType.INT64]: 8,
  [DataType.DOUBLE]: 8,
};

/** The bytes of a value; 0 where they are few or unknown. */
function bytesOf(b: Ops, value: string): number {
  const { type, dims } = b.type(value);
  if (type === 0 || !dims) return 0;
  const count = dims.reduce<number>((n, dim) => n * (typeof dim === 'number' ? dim : freeAxis), 1);
  return count <= small ? 0 : count * (widths[type] ?? 4);
}

/** The nodes that some values need. */
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

/** Whether a node computes the same outputs when it is run again. */
function repeats(b: Ops, node: NodeProto): boolean {
  if (random.test(node.opType) || node.attribute.some(({ g, graphs }) => g || graphs.length > 0))
    return false;
  // Lists and optional values have no views.
  if (!node.input.every((name) => name === '' || b.dims(name))) return false;
  // Gradients let the node give the statistics of the batch; elsewhere they are mixed with the running ones.
  return !trains(node) || (float(node, 'momentum', 0.9) === 0 && node.output.length === 3);
}

/**
 * The inputs of a batch normalisation that is computed again. It finds the same statistics of the batch, to the last bit.
 * ONNX Runtime writes them over the running ones that the node reads, so it gets vectors of its own.
 */
function ownStatistics(b: Ops, { output }: NodeProto, input: readonly string[]): string[] {
  return [...input.slice(0, 3), ...output.slice(1).map((found) => b.sub(found, found))];
}

/** The part of a graph whose results differ from step to step. */
function movingPart(b: Ops, sources: Iterable<string>): { nodes: NodeProto[]; values: Set<string> } {
  const values = new Set(sources);
  const nodes = b.nodes.filter((node) => {
    const moves = [...node.input, ...captures(node)].some((name) => values.has(name));
    if (moves) for (const name of node.output) values.add(name);
    return moves;
  });
  return { nodes, values };
}

/** Appends copies of nodes that compute values of the forward pass again, segment by segment. */
class Copies {
  readonly #b: Ops;
  /** The node that computes a value again. A value without one is kept. */
  readonly #makers: ReadonlyMap<string, NodeProto>;
  readonly #moving: ReadonlySet<string>;
  readonly #made = new Map<string, string>();
  /** The list [0], known when the segment may begin. */
  readonly #starts = new Map<number, string>();

  constructor(b: Ops, makers: ReadonlyMap<string, NodeProto>, moving: ReadonlySet<string>) {
    this.#b = b;
    this.#makers = makers;
    this.#moving = moving;
  }

  /**
   * Lets a segment begin when some values are known, once. A runtime computes nodes in any order that their inputs allow,
   * and would compute everything again at once: so what a segment reads is made to depend on these values.
   */
  begin(segment: number, values: () => readonly string[]): void {
    if (this.#starts.has(segment)) return;
    const sizes = values().map((value) => this.#b.emit('Size', [value]));
    this.#starts.set(segment, this.#b.mul(this.#b.emit('Max', sizes), this.#b.ints([0])));
  }

  /**
   * A kept value as a segment reads it: a view that is made when the segment begins. Not by a Reshape, which ONNX Runtime
   * (1.30) would join with one that follows, dropping its shape and what that waits for.
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

  /** A value of a segment, computed again. */
  of(value: string, segment: number): string {
    const node = this.#makers.get(value);
    if (!node) return this.#delayed(value, segment);
    return this.#once(value, () => {
      const b = this.#b;
      // One input that waits is enough.
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
 * Gradient checkpointing: activations between segments of the forward pass are kept, those inside a segment are computed
 * again when the backward pass reaches it. Those of the last segment are read right after it, so they are kept, too.
 *
 * @param sources - the values that differ from step to step: data, targets, the number that decides dropout masks
 * @param count - how many of the graph's nodes, the first ones, are the forward pass
 * @param wanted - the gradients that are needed
 */
export function recompute(b: Ops, sources: Iterable<string>, count: number, wanted: Iterable<string>): void {
  const needed = neededBy(b.nodes, wanted);
  const backward = b.nodes.splice(count);
  const { nodes, values: moving } = movingPart(b, sources);
  // What graphs inside nodes read keeps its name.
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

  /** Results of the backward pass that nothing has read yet. When they are known, all of it so far is done. */
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
