import { create } from '@bufbuild/protobuf';
import { type AttributeValue, int, makeAttribute, subgraph } from '../format/attributes.ts';
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  type GraphProto,
  GraphProtoSchema,
  type NodeProto,
  NodeProtoSchema,
} from '../generated/onnx_pb.ts';
import { declaration } from './declaration.ts';
import type { Graph } from './graph.ts';

/** The number of a node's inputs that only the graphs inside the node read. */
export const capturedBy = (node: NodeProto): number => int(node, 'captured', 0);

/** The graph inside a Scan or Loop, and the number of its states. */
interface Body {
  readonly body: GraphProto;
  readonly states: number;
}

/** The body of a `clr:Scan`, and the numbers of its states and of its scanned inputs. */
export function scanParts(node: NodeProto): Body & { readonly scanned: number } {
  const scanned = int(node, 'num_scan_inputs', 0);
  const states = node.input.length - capturedBy(node) - scanned;
  return { body: subgraph(node, 'body') as GraphProto, states, scanned };
}

/** The body of a `clr:Loop`, and the number of its states. */
export function loopParts(node: NodeProto): Body {
  return { body: subgraph(node, 'body') as GraphProto, states: node.input.length - capturedBy(node) - 2 };
}

/** Makes an attribute from a graph. */
export function graphAttribute(name: string, g: GraphProto): AttributeProto {
  return create(AttributeProtoSchema, { name, type: AttributeType.GRAPH, g });
}

/**
 * Makes a graph that goes inside a node (a branch or a loop body). In ONNX, nodes of such a graph must make its
 * outputs, so values from outside are copied with Identity. So are values that are listed twice.
 */
export function innerGraph(
  b: Graph,
  name: string,
  nodes: readonly NodeProto[],
  inputs: readonly string[],
  outputs: readonly string[],
): GraphProto {
  const made = new Set(nodes.flatMap(({ output }) => output));
  const seen = new Set<string>();
  const copies: NodeProto[] = [];
  const given = outputs.map((output) => {
    if (made.has(output) && !seen.has(output)) {
      seen.add(output);
      return output;
    }
    const copy = b.uniqueName('copy');
    b.declare(copy, b.type(output).type, b.dims(output));
    copies.push(create(NodeProtoSchema, { opType: 'Identity', name: copy, input: [output], output: [copy] }));
    return copy;
  });
  return create(GraphProtoSchema, {
    name,
    node: [...nodes, ...copies],
    input: inputs.map((input) => declaration(input, b.type(input).type, b.dims(input))),
    output: given.map((output) => declaration(output, b.type(output).type, undefined)),
  });
}

/** The names of outer values that the graphs read. */
export function outerValues(b: Graph, graphs: readonly GraphProto[]): string[] {
  const names = new Set<string>();
  const visit = (graph: GraphProto, outer: ReadonlySet<string>): void => {
    const own = new Set([...outer, ...graph.input.map(({ name }) => name)]);
    for (const node of graph.node) for (const name of node.output) own.add(name);
    for (const node of graph.node) {
      for (const name of node.input) if (name !== '' && !own.has(name)) names.add(name);
      for (const { g, graphs: more } of node.attribute)
        for (const inner of g ? [g, ...more] : more) visit(inner, own);
    }
  };
  for (const graph of graphs) visit(graph, new Set());
  return [...names].filter((name) => b.has(name));
}

/** Emits a node with graphs inside. The outer values that these graphs read become further inputs of the node. */
export function emitWithGraphs(
  b: Graph,
  op: 'If' | 'Scan' | 'Loop',
  inputs: readonly string[],
  graphs: Readonly<Record<string, GraphProto>>,
  outputs: readonly string[],
  attributes: Readonly<Record<string, AttributeValue>> = {},
  name: string = outputs[0] ?? op,
): void {
  const captured = outerValues(b, Object.values(graphs));
  b.append(
    create(NodeProtoSchema, {
      opType: op,
      domain: 'clr',
      name,
      input: [...inputs, ...captured],
      output: [...outputs],
      attribute: [
        ...Object.entries(attributes).map(([key, value]) => makeAttribute(key, value)),
        makeAttribute('captured', captured.length),
        ...Object.entries(graphs).map(([key, graph]) => graphAttribute(key, graph)),
      ],
    }),
  );
}
