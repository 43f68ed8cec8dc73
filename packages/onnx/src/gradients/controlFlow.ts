import { ints, subgraph } from '../format/attributes.ts';
import { isFloat } from '../format/dataType.ts';
import { nodeName } from '../format/describeNode.ts';
import type { GraphProto, NodeProto } from '../generated/onnx_pb.ts';
import { emitWithGraphs, innerGraph, loopParts, scanParts } from '../graph/controlFlow.ts';
import { type Dims, unknownDim } from '../graph/dim.ts';
import type { Gradient, GradientContext, Operators } from '../graph/operator.ts';
import type { Ops } from '../graph/ops.ts';
import { privateOperators } from '../graph/privateOperators.ts';
import { writeOut } from '../graph/writeOut.ts';
import { differentiate } from './differentiate.ts';

const isFloatValue = (b: Ops, name: string): boolean => isFloat(b.type(name).type);

/** The float inputs at index `first` or later that need a gradient. Each value is listed once. */
function wantedFrom(c: GradientContext, first: number): string[] {
  const names = c.node.input.filter((name, i) => i >= first && c.needs(i) && isFloatValue(c.b, name));
  return [...new Set(names)];
}

/**
 * Lists the gradients in the order of the node's inputs. If several inputs are the same value, only the first of them
 * gets the gradient.
 */
function inOrder(
  { node, needs }: GradientContext,
  found: ReadonlyMap<string, string>,
): (string | null | undefined)[] {
  const given = new Set<string>();
  return node.input.map((name, i) => {
    if (!needs(i)) return undefined;
    if (given.has(name)) return null;
    given.add(name);
    return found.get(name) ?? null;
  });
}

/**
 * Emits a graph's nodes again and differentiates them. Call it inside `collectInside`.
 *
 * @param given - the values of the graph's inputs
 * @param seeds - the gradient of each output, if it has one
 * @param sources - the values whose gradients are needed
 */
function back(
  b: Ops,
  node: NodeProto,
  graph: GraphProto,
  given: readonly string[],
  seeds: readonly (string | undefined)[],
  sources: readonly string[],
): Map<string, string> {
  const mark = b.nodes.length;
  const { nodes, outputs } = writeOut(graph, given, b, `${nodeName(node)}/back`);
  for (const inner of nodes) b.append(inner);
  const starts = new Map<string, string>();
  outputs.forEach((name, i) => {
    const seed = seeds[i];
    if (seed !== undefined) starts.set(name, seed);
  });
  return differentiate(b, b.nodes.slice(mark), starts, sources, () => b.opset);
}

/** The gradient of an If is an If whose branches compute the gradients of the original branches. */
const backIf: Gradient = (c) => {
  const { b, node } = c;
  const wanted = wantedFrom(c, 1);
  const seeds = node.output.map((_, i) => (c.used(i) ? c.g(i) : undefined));
  const outputs = wanted.map(() => b.uniqueName('IfGrad'));
  const branch = (name: string): GraphProto => {
    let made: string[] = [];
    const nodes = b.collectInside(() => {
      const found = back(b, node, subgraph(node, name) as GraphProto, [], seeds, wanted);
      made = wanted.map((value) => found.get(value) ?? b.zerosLike(value));
    });
    return innerGraph(b, name, nodes, [], made);
  };
  const graphs = { then_branch: branch('then_branch'), else_branch: branch('else_branch') };
  emitWithGraphs(b, 'If', [c.x(0)], graphs, outputs);
  wanted.forEach((value, i) => {
    b.declare(outputs[i] as string, b.type(value).type, b.dims(value));
  });
  return inOrder(c, new Map(wanted.map((value, i) => [value, outputs[i] as string])));
};

/** Adds outputs to a body that save the values `names` at each step. Returns the names of the node's new outputs. */
function saved(b: Ops, node: NodeProto, body: GraphProto, names: readonly string[], length: Dims): string[] {
  const kept = names.map((name) => {
    const output = b.uniqueName('saved');
    const { type, dims } = b.type(name);
    b.declare(output, type, dims && length && [...length, ...dims]);
    return output;
  });
  const inner = innerGraph(b, body.name, body.node, [], [...body.output.map(({ name }) => name), ...names]);
  body.node = inner.node;
  body.output = inner.output;
  node.output.push(...kept);
  return kept;
}

/** The parts of a Scan or Loop that its backward pass uses. */
interface Steps {
  readonly body: GraphProto;
  /** The number of the body's inputs, and of its outputs, that come before the states. */
  readonly lead: { readonly inputs: number; readonly outputs: number };
  /** The initial states, and the final states. */
  readonly states: readonly string[];
  /** The values of all inputs of the body at each step, in the body's order. */
  readonly perStep: readonly { readonly value: string; readonly axis: number; readonly reversed: boolean }[];
  /** The per-step outputs of the body: their axis and their order. */
  readonly given: readonly { readonly axis: number; readonly reversed: boolean }[];
  /**
   * The body's scanned inputs that need a gradient, by index, with the names of the values outside that are scanned.
   */
  readonly scanned: ReadonlyMap<number, string>;
  readonly captured: readonly string[];
}

/**
 * The backward pass through a Scan or Loop, from the last step to the first. Each step is computed again from its saved
 * state. The gradients of captured values are summed over the steps. Returns the gradient of each initial state,
 * scanned value and captured value.
 */
function backSteps(c: GradientContext, steps: Steps): Map<string, string> {
  const { b, node } = c;
  const { body, lead, states, perStep, given, scanned, captured } = steps;
  const floats = states.flatMap((name, i) => (isFloatValue(b, name) ? [i] : []));
  const used = given.flatMap((_, i) => (c.used(states.length + i) ? [i] : []));
  const start = [...floats.map((i) => c.g(i)), ...captured.map((name) => b.zerosLike(name))];
  const rows = [
    ...perStep,
    ...used.map((i) => ({ value: c.g(states.length + i), ...(given[i] as Steps['given'][number]) })),
  ];
  const declared = (like: string): string => b.declare(b.uniqueName('step'), b.type(like).type, b.dims(like));
  const without = (dims: Dims, axis: number): Dims => dims?.filter((_, i) => i !== axis);
  const rowInputs = rows.map(({ value, axis }, i) => {
    const inner = i < perStep.length ? body.input[i]?.name : undefined;
    const { type, dims } = inner === undefined ? b.type(value) : b.type(inner);
    return b.declare(b.uniqueName('row'), type, inner === undefined ? without(dims, axis) : dims);
  });
  const stateInputs = start.map(declared);
  const wantedStates = floats.map((i) => rowInputs[lead.inputs + i] as string);
  const wantedScanned = [...scanned.keys()].map((i) => rowInputs[i] as string);
  let made: string[] = [];
  const nodes = b.collectInside(() => {
    const seeds: (string | undefined)[] = Array(body.output.length).fill(undefined);
    floats.forEach((i, at) => {
      seeds[lead.outputs + i] = stateInputs[at];
    });
    used.forEach((i, at) => {
      seeds[lead.outputs + states.length + i] = rowInputs[perStep.length + at];
    });
    const sources = [...wantedStates, ...wantedScanned, ...captured];
    const found = back(b, node, body, rowInputs.slice(0, perStep.length), seeds, sources);
    const gradient = (name: string): string => found.get(name) ?? b.zerosLike(name);
    made = [
      ...wantedStates.map(gradient),
      ...captured.map((name, i) => {
        const sum = stateInputs[floats.length + i] as string;
        const own = found.get(name);
        return own === undefined ? sum : b.add(sum, own);
      }),
      ...wantedScanned.map(gradient),
    ];
  });
  const graph = innerGraph(b, `${body.name} back`, nodes, [...stateInputs, ...rowInputs], made);
  const outputs = made.map(() => b.uniqueName('ScanGrad'));
  const wanted = [...scanned.keys()].map((i) => perStep[i] as Steps['perStep'][number]);
  emitWithGraphs(b, 'Scan', [...start, ...rows.map(({ value }) => value)], { body: graph }, outputs, {
    num_scan_inputs: rows.length,
    scan_input_axes: rows.map(({ axis }) => axis),
    scan_input_directions: rows.map(({ reversed }) => (reversed ? 0 : 1)),
    ...(wanted.length > 0
      ? {
          scan_output_axes: wanted.map(({ axis }) => axis),
          scan_output_directions: wanted.map(({ reversed }) => (reversed ? 0 : 1)),
        }
      : {}),
  });
  const result = new Map<string, string>();
  const add = (name: string, value: string): void => {
    b.declare(value, b.type(name).type, b.dims(name));
    const known = result.get(name);
    result.set(name, known === undefined ? value : b.add(known, value));
  };
  floats.forEach((i, at) => {
    add(states[i] as string, outputs[at] as string);
  });
  captured.forEach((name, i) => {
    add(name, outputs[floats.length + i] as string);
  });
  [...scanned.values()].forEach((name, i) => {
    add(name, outputs[floats.length + captured.length + i] as string);
  });
  return result;
}

const backScan: Gradient = (c) => {
  const { b, node } = c;
  const { body, states: count, scanned: length } = scanParts(node);
  const list = (name: string): number[] => ints(node, name) ?? [];
  const states = node.input.slice(0, count);
  const values = node.input.slice(count, count + length);
  const given = node.output.slice(count).map((name, i) => {
    const axis = list('scan_output_axes')[i] ?? 0;
    const rank = b.dims(name)?.length;
    return {
      axis: axis < 0 && rank !== undefined ? axis + rank : axis,
      reversed: list('scan_output_directions')[i] === 1,
    };
  });
  const rows = values.map((value, i) => {
    const axis = list('scan_input_axes')[i] ?? 0;
    return {
      value,
      axis: axis < 0 ? axis + b.rank(value) : axis,
      reversed: list('scan_input_directions')[i] === 1,
    };
  });
  const names = body.input.slice(0, count).map(({ name }) => name);
  const [first] = rows;
  const along = first && b.dims(first.value)?.[first.axis];
  const kept = saved(b, node, body, names, [along ?? unknownDim()]);
  for (const name of ['scan_output_axes', 'scan_output_directions']) {
    const held = node.attribute.find((attribute) => attribute.name === name);
    if (held) held.ints = [...held.ints, ...kept.map(() => 0n)];
  }
  const scanned = new Map(
    values.flatMap((name, i) =>
      c.needs(count + i) && isFloatValue(b, name) ? [[count + i, name] as const] : [],
    ),
  );
  const found = backSteps(c, {
    body,
    lead: { inputs: 0, outputs: 0 },
    states,
    perStep: [...kept.map((value) => ({ value, axis: 0, reversed: false })), ...rows],
    given,
    scanned,
    captured: wantedFrom(c, count + length),
  });
  return inOrder(c, found);
};

const backLoop: Gradient = (c) => {
  const { b, node } = c;
  const { body, states: count } = loopParts(node);
  const states = node.input.slice(2, 2 + count);
  const given = node.output.slice(count).map(() => ({ axis: 0, reversed: false }));
  // The body's inputs: the iteration's number, the condition (always true in an iteration that runs), then the states.
  const names = body.input.map(({ name }) => name);
  const kept = saved(b, node, body, names, [unknownDim()]);
  const found = backSteps(c, {
    body,
    lead: { inputs: 2, outputs: 1 },
    states,
    perStep: kept.map((value) => ({ value, axis: 0, reversed: false })),
    given,
    scanned: new Map(),
    captured: wantedFrom(c, 2 + count),
  });
  return inOrder(c, found);
};

/**
 * Branches and loops that are decided at run time. The gradient flows through the branch that was taken, and through
 * the steps that were run.
 */
export const controlFlow: Operators = {
  'clr:If': { ...privateOperators['clr:If'], differentiable: 'all', gradient: backIf },
  'clr:Scan': { ...privateOperators['clr:Scan'], differentiable: 'all', gradient: backScan },
  'clr:Loop': { ...privateOperators['clr:Loop'], differentiable: 'all', gradient: backLoop },
};
