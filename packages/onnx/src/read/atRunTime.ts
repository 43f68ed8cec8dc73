import { fail } from '../errors.ts';
import { int, ints, subgraph } from '../format/attributes.ts';
import { describeNode, nodeName } from '../format/describeNode.ts';
import type { GraphProto, NodeProto } from '../generated/onnx_pb.ts';
import { emitWithGraphs, innerGraph } from '../graph/controlFlow.ts';
import { type Dims, unknownDim } from '../graph/dim.ts';
import { axisOf } from '../graph/infer.ts';
import type { Ops } from '../graph/ops.ts';
import { declaredType } from '../graph/value.ts';
import { writeOut } from '../graph/writeOut.ts';
import { shapeText } from '../show.ts';

/** Appends a node of the model to the graph. */
export type Append = (node: NodeProto) => void;

/** An inner graph that has been read like the rest of the model, and the names of its outputs. */
interface Inner {
  readonly graph: GraphProto;
  readonly outputs: readonly string[];
}

/** Reads an inner graph whose inputs have these types and shapes. */
function read(
  b: Ops,
  node: NodeProto,
  graph: GraphProto,
  inputs: readonly { readonly type: number; readonly dims: Dims }[],
  append: Append,
): Inner {
  const given = inputs.map(({ type, dims }, i) =>
    b.declare(b.uniqueName(graph.input[i]?.name ?? 'input'), type, dims),
  );
  let outputs: readonly string[] = [];
  const nodes = b.collectInside(() => {
    const written = writeOut(graph, given, b, nodeName(node));
    written.nodes.forEach(append);
    outputs = written.outputs;
  });
  // The outputs of an unknown operator get the type that the file declares.
  outputs.forEach((name, i) => {
    const said = graph.output[i] && declaredType(graph.output[i]);
    if (said && b.type(name).type === 0) b.declare(name, said.type, b.dims(name) ?? said.dims);
  });
  const inner = innerGraph(b, graph.name, nodes, given, outputs);
  return { graph: inner, outputs: inner.output.map(({ name }) => name) };
}

/** The shape that two shapes have in common. Axes on which they differ are unknown. */
function common(before: Dims, after: Dims): Dims {
  if (!before || !after || before.length !== after.length) return undefined;
  return before.map((dim, i) => (dim === after[i] ? dim : unknownDim()));
}

const sameShape = (a: Dims, c: Dims): boolean =>
  a === c ||
  (a !== undefined && c !== undefined && a.length === c.length && a.every((dim, i) => dim === c[i]));

/**
 * Reads the body of a loop. An iteration may change the shape of a loop state, so the body is read up to four times,
 * until the shapes no longer change.
 */
function readBody(
  b: Ops,
  node: NodeProto,
  states: readonly string[],
  {
    before,
    after,
    first,
  }: { before: readonly string[]; after: readonly { type: number; dims: Dims }[]; first: number },
  append: Append,
): Inner {
  const body = subgraph(node, 'body') as GraphProto;
  let shapes = states.map((name) => b.type(name));
  for (let round = 0; ; round++) {
    const inner = read(b, node, body, [...before.map((name) => b.type(name)), ...shapes, ...after], append);
    const next = shapes.map(({ type, dims }, i) => ({
      type,
      dims: common(dims, b.dims(inner.outputs[first + i] ?? '')),
    }));
    if (round > 2 || next.every(({ dims }, i) => sameShape(dims, shapes[i]?.dims))) return inner;
    shapes = next;
  }
}

/** Whether all types are known. Only tensors have a known type. Other values cannot be handled here. */
const typed = (b: Ops, names: readonly string[]): boolean => names.every((name) => b.type(name).type !== 0);

/**
 * Reads an If whose condition, or a Loop or Scan whose length, is known only at run time. Its inner graphs are upgraded
 * to the working opset. The outer values that they read become inputs of the node, so that gradients reach them.
 *
 * @returns whether the node was read; it stays unchanged if its graphs use sequences or values of unknown type
 */
export function readAtRunTime(node: NodeProto, b: Ops, opset: number, append: Append): boolean {
  if (node.domain !== '' || !/^(If|Loop|Scan)$/.test(node.opType)) return false;
  const mark = b.nodes.length;
  return b.writtenFor(describeNode(node), () => {
    const done =
      node.opType === 'If'
        ? readIf(node, b, append)
        : node.opType === 'Loop'
          ? readLoop(node, b, append)
          : opset >= 9 && readScan(node, b, append);
    if (!done) b.nodes.splice(mark);
    return done;
  });
}

/** The names of a node's outputs. An unused output gets a name too. */
const named = (b: Ops, node: NodeProto): string[] =>
  node.output.map((name) => (name === '' ? b.uniqueName('unused') : name));

/** An If takes one branch for the whole batch, so its condition must be one value. */
function checkCondition(node: NodeProto, b: Ops): void {
  const dims = b.dims(node.input[0] ?? '');
  if (!dims?.some((dim) => typeof dim === 'number' && dim !== 1)) return;
  throw fail(
    'the condition of an If to be one value',
    `a condition of shape ${shapeText(dims)} at ${describeNode(node)}`,
    'A model that chooses a branch for each example needs a batch of 1. Keep the batch size of the file, or set the size to 1 with `sizes`.',
  );
}

function readIf(node: NodeProto, b: Ops, append: Append): boolean {
  checkCondition(node, b);
  const branches = ['then_branch', 'else_branch'].map((name) => subgraph(node, name));
  const [first, second] = branches.map((branch) => branch && read(b, node, branch, [], append));
  if (!first || !second || !typed(b, [...first.outputs, ...second.outputs])) return false;
  const graphs = { then_branch: first.graph, else_branch: second.graph };
  emitWithGraphs(b, 'If', [node.input[0] ?? ''], graphs, named(b, node), {}, nodeName(node));
  return true;
}

function readLoop(node: NodeProto, b: Ops, append: Append): boolean {
  if (!subgraph(node, 'body')) return false;
  const [rounds = '', condition = '', ...states] = node.input;
  if (!typed(b, states)) return false;
  const before = [b.int(0), b.yes()];
  const inner = readBody(b, node, states, { before, after: [], first: 1 }, append);
  if (!typed(b, inner.outputs)) return false;
  emitWithGraphs(
    b,
    'Loop',
    [rounds, condition, ...states],
    { body: inner.graph },
    named(b, node),
    {},
    nodeName(node),
  );
  return true;
}

function readScan(node: NodeProto, b: Ops, append: Append): boolean {
  const count = int(node, 'num_scan_inputs', 0);
  if (!subgraph(node, 'body') || count === 0) return false;
  const states = node.input.slice(0, node.input.length - count);
  const scanned = node.input.slice(states.length);
  if (!typed(b, node.input)) return false;
  const axes = ints(node, 'scan_input_axes') ?? [];
  const after = scanned.map((name, i) => {
    const { type, dims } = b.type(name);
    const axis = dims && axisOf(axes[i] ?? 0, dims.length);
    return { type, dims: dims?.filter((_, at) => at !== axis) };
  });
  const inner = readBody(b, node, states, { before: [], after, first: 0 }, append);
  if (!typed(b, inner.outputs)) return false;
  const lists = ['scan_input_axes', 'scan_input_directions', 'scan_output_axes', 'scan_output_directions'];
  const attributes = Object.fromEntries(
    lists.flatMap((key) => {
      const values = ints(node, key);
      return values && values.length > 0 ? [[key, values]] : [];
    }),
  );
  emitWithGraphs(
    b,
    'Scan',
    node.input,
    { body: inner.graph },
    named(b, node),
    { num_scan_inputs: count, ...attributes },
    nodeName(node),
  );
  return true;
}
