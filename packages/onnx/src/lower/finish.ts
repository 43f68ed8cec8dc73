import { create } from '@bufbuild/protobuf';
import { captures, subgraphs } from '../format/captures.ts';
import { copyNode } from '../format/copyNode.ts';
import { setPurpose } from '../format/purpose.ts';
import {
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  type StringStringEntryProto,
  type ValueInfoProto,
} from '../generated/onnx_pb.ts';
import { declaration } from '../graph/declaration.ts';
import type { Ops } from '../graph/ops.ts';
import { blockedDomain } from './blocks.ts';

/** The IR version of opset 18. Emitted models have this version, or the source model's version if that is newer. */
const oldestIr = 8n;

/** A value that becomes an output of the model, and the output's name. */
export interface Output {
  readonly value: string;
  readonly name: string;
}

/** The nodes that the outputs depend on, in order. */
function needed(nodes: readonly NodeProto[], outputs: readonly string[]): NodeProto[] {
  const names = new Set(outputs);
  const kept: NodeProto[] = [];
  for (const node of [...nodes].reverse()) {
    if (!node.output.some((name) => name !== '' && names.has(name))) continue;
    kept.push(node);
    for (const name of [...node.input, ...captures(node)]) names.add(name);
  }
  return kept.reverse();
}

/** The nodes with some values renamed. Nodes without such values are not copied. */
function renamed(nodes: readonly NodeProto[], names: ReadonlyMap<string, string>): NodeProto[] {
  if (names.size === 0) return [...nodes];
  const named = (name: string): string => names.get(name) ?? name;
  return nodes.map((node) =>
    [...node.input, ...node.output].some((name) => names.has(name))
      ? copyNode(node, { input: node.input.map(named), output: node.output.map(named) })
      : node,
  );
}

/**
 * Gives values the names of the model's outputs. If clr emitted the node that makes a value, the output of that node is
 * renamed. Otherwise an Identity is added. Renaming is preferred, because the runtime executes an Identity as a copy if
 * another node also reads the value.
 */
function nameOutputs(b: Ops, nodes: readonly NodeProto[], outputs: readonly Output[]): NodeProto[] {
  const free = new Set(nodes.flatMap(({ output }) => output).filter((name) => b.made(name)));
  for (const name of nodes.flatMap((node) => [...captures(node)])) free.delete(name);
  const names = new Map<string, string>();
  const others = outputs.filter(({ value, name }) => {
    if (value === name) return false;
    if (!free.has(value) || names.has(value)) return true;
    names.set(value, name);
    return false;
  });
  const copies = others.map(({ value, name }) => {
    const node = create(NodeProtoSchema, {
      opType: 'Identity',
      name,
      input: [names.get(value) ?? value],
      output: [name],
    });
    setPurpose(node, `the output "${name}"`);
    return node;
  });
  return [...renamed(nodes, names), ...copies];
}

/**
 * Declares the known shapes of intermediate values. Without them, sessions of large models take 1.5 times as long to
 * create, because ONNX Runtime's planner searches all free memory for each value of unknown size.
 */
function declarations(b: Ops, values: readonly string[]): ValueInfoProto[] {
  return values.flatMap((name) => {
    const { type, dims } = b.type(name);
    return type === 0 || !dims ? [] : [declaration(name, type, dims, true)];
  });
}

/** The total number of elements of some values. A symbolic axis (the batch) counts as 1. */
function elementsOf(b: Ops, values: readonly string[]): number {
  const sizes = values.map((value) =>
    (b.dims(value) ?? []).reduce<number>((n, dim) => n * (typeof dim === 'number' ? dim : 1), 1),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** A finished model, and the total number of elements of its values. */
interface Finished {
  readonly proto: ModelProto;
  readonly elements: number;
}

/** The arguments of {@link finish}. */
export interface Unfinished {
  /** The types and shapes of all values. */
  readonly b: Ops;
  /** The nodes, lowered for the target. Nodes that the outputs do not need are left out. */
  readonly nodes: readonly NodeProto[];
  /** Replacements for the names of values. */
  readonly aliases?: ReadonlyMap<string, string>;
  /** The original model. Its operator sets, functions and names are kept. */
  readonly source: ModelProto;
  readonly inputs: readonly ValueInfoProto[];
  readonly outputs: readonly Output[];
  readonly metadata: readonly StringStringEntryProto[];
}

/** Makes a model from some nodes of a graph. Its arguments are not changed. */
export function finish(given: Unfinished): Finished {
  const { b, aliases = new Map(), source, inputs, metadata } = given;
  const outputs = given.outputs.map(({ value, name }) => ({ value: aliases.get(value) ?? value, name }));
  const whole = needed(
    renamed(given.nodes, aliases),
    outputs.map(({ value }) => value),
  );
  const made = whole.flatMap(({ output }) => output);
  const nodes = nameOutputs(b, whole, outputs);
  const names = new Set(nodes.flatMap((node) => [...node.input, ...captures(node)]));
  const named = new Set(nodes.flatMap(({ output }) => output));
  const graph = create(GraphProtoSchema, {
    name: source.graph?.name || 'training',
    node: nodes,
    input: [...inputs],
    output: outputs.map(({ value, name }) => declaration(name, b.type(value).type, b.dims(value))),
    valueInfo: declarations(
      b,
      made.filter((value) => named.has(value) && !outputs.some(({ name }) => name === value)),
    ),
    initializer: [...b.initializers.values()].filter(({ name }) => names.has(name)),
    sparseInitializer: (source.graph?.sparseInitializer ?? []).filter(({ values }) =>
      names.has(values?.name ?? ''),
    ),
  });
  const others = source.opsetImport.filter(({ domain }) => domain !== '' && domain !== 'ai.onnx');
  if (
    nodes.some(({ domain }) => domain === blockedDomain) &&
    !others.some(({ domain }) => domain === blockedDomain)
  )
    others.push(create(OperatorSetIdProtoSchema, { domain: blockedDomain, version: 1n }));
  const proto = create(ModelProtoSchema, {
    irVersion: source.irVersion > oldestIr ? source.irVersion : oldestIr,
    opsetImport: [create(OperatorSetIdProtoSchema, { domain: '', version: BigInt(b.opset) }), ...others],
    producerName: 'clr',
    graph,
    // Function calls were inlined. Only graphs inside nodes may still contain some.
    functions: nodes.some((node) => subgraphs(node).length > 0) ? source.functions : [],
    metadataProps: [...metadata],
  });
  return { proto, elements: elementsOf(b, made) };
}
