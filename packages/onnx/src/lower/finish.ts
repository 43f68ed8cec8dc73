import { create } from '@bufbuild/protobuf';
import { captures, subgraphs } from '../format/captures.ts';
import { writeModel } from '../format/model.ts';
import {
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  OperatorSetIdProtoSchema,
  type StringStringEntryProto,
  type ValueInfoProto,
} from '../generated/onnx_pb.ts';
import { declaration } from '../graph/declaration.ts';
import type { Ops } from '../graph/ops.ts';
import { blockedDomain } from './blocks.ts';

import { type Choose, lower } from './lower.ts';
import type { Target } from './target.ts';

/** The IR version of emitted models: that of opset 18's time, or the model's own if it is newer. */
const oldestIr = 8n;

/** The nodes that the outputs need, in order. */
function needed(
  nodes: readonly NodeProto[],
  outputs: readonly string[],
): { nodes: NodeProto[]; names: Set<string> } {
  const names = new Set(outputs);
  const kept: NodeProto[] = [];
  for (const node of [...nodes].reverse()) {
    if (!node.output.some((name) => name !== '' && names.has(name))) continue;
    kept.push(node);
    for (const name of [...node.input, ...captures(node)]) names.add(name);
  }
  return { nodes: kept.reverse(), names };
}

/**
 * Renames the results of nodes to the model's output names, instead of adding an Identity after each: for a value with
 * another reader the runtime would copy the vector.
 */
function nameOutputs(b: Ops, nodes: readonly NodeProto[], outputs: readonly string[]): NodeProto[] {
  const free = new Set(nodes.flatMap(({ output }) => output).filter((name) => b.made(name)));
  for (const name of [...outputs, ...nodes.flatMap((node) => [...captures(node)])]) free.delete(name);
  const renamed = new Map<string, string>();
  const kept = nodes.filter(({ opType, domain, input: [from = ''], output: [to = ''] }) => {
    const copies = opType === 'Identity' && domain === '' && outputs.includes(to) && free.has(from);
    if (!copies || renamed.has(from)) return true;
    renamed.set(from, to);
    return false;
  });
  const named = (name: string): string => renamed.get(name) ?? name;
  for (const node of kept) {
    node.input = node.input.map(named);
    node.output = node.output.map(named);
  }
  return kept;
}

/**
 * Declares the known shapes of intermediate values. For each value of unknown size ONNX Runtime's planner searches all
 * free memory: without them, sessions of large models take 1.5 times as long to create.
 */
function declarations(b: Ops, nodes: readonly NodeProto[], outputs: readonly string[]): ValueInfoProto[] {
  return nodes
    .flatMap(({ output }) => output)
    .flatMap((name) => {
      const { type, dims } = b.type(name);
      return type === 0 || !dims || outputs.includes(name) ? [] : [declaration(name, type, dims, true)];
    });
}

/** The elements of all values that nodes make, a free axis (the batch) counted as 1. */
function elementsOf(b: Ops, nodes: readonly NodeProto[]): number {
  const sizes = nodes.flatMap(({ output }) =>
    output.map((value) =>
      (b.dims(value) ?? []).reduce<number>((n, dim) => n * (typeof dim === 'number' ? dim : 1), 1),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** A written model, and the elements of all its values together. */
interface Finished {
  readonly bytes: Uint8Array;
  readonly elements: number;
}

/**
 * Writes what was built as a model of its own.
 *
 * @param source - the model it came from: its operator sets, functions and names are kept
 */
export function finish(
  b: Ops,
  target: Target,
  source: ModelProto,
  inputs: readonly ValueInfoProto[],
  outputs: readonly string[],
  metadata: readonly StringStringEntryProto[],
  choose: Choose = (_node, [first]) => first,
): Finished {
  const { nodes, names } = needed(nameOutputs(b, lower(b, target, choose), outputs), outputs);
  const graph = create(GraphProtoSchema, {
    name: source.graph?.name || 'training',
    node: nodes,
    input: [...inputs],
    output: outputs.map((name) => declaration(name, b.type(name).type, b.dims(name))),
    valueInfo: declarations(b, nodes, outputs),
    initializer: [...b.initializers.values()].filter(({ name }) => names.has(name)),
    sparseInitializer: source.graph?.sparseInitializer ?? [],
  });
  const others = source.opsetImport.filter(({ domain }) => domain !== '' && domain !== 'ai.onnx');
  if (
    nodes.some(({ domain }) => domain === blockedDomain) &&
    !others.some(({ domain }) => domain === blockedDomain)
  )
    others.push(create(OperatorSetIdProtoSchema, { domain: blockedDomain, version: 1n }));
  const bytes = writeModel(
    create(ModelProtoSchema, {
      irVersion: source.irVersion > oldestIr ? source.irVersion : oldestIr,
      opsetImport: [create(OperatorSetIdProtoSchema, { domain: '', version: BigInt(b.opset) }), ...others],
      producerName: 'clr',
      graph,
      // Calls are written out; only graphs inside nodes can still make some.
      functions: nodes.some((node) => subgraphs(node).length > 0) ? source.functions : [],
      metadataProps: [...metadata],
    }),
  );
  return { bytes, elements: elementsOf(b, nodes) };
}
