import { clone, create } from '@bufbuild/protobuf';
import { fail } from '../errors.ts';
import { subgraph } from '../format/attributes.ts';
import { nodeName } from '../format/describeNode.ts';
import { maxNodes } from '../format/model.ts';
import {
  type AttributeProto,
  type FunctionProto,
  type GraphProto,
  type NodeProto,
  NodeProtoSchema,
} from '../generated/onnx_pb.ts';
import type { Ops } from '../graph/ops.ts';
import { type Rename, renameNode } from '../graph/rename.ts';

/** The key of the function that a node calls. */
export function functionKey(node: Pick<NodeProto, 'domain' | 'overload'>, name: string): string {
  return `${node.domain}:${name}:${node.overload}`;
}

/** A node that gives a value another name. */
export function identity(from: string, to: string): NodeProto {
  return create(NodeProtoSchema, { opType: 'Identity', name: to, input: [from], output: [to] });
}

/**
 * The nodes of a function's body for one call, with the call's values and attributes.
 *
 * @param shared - the names of the body's tensors that all calls share
 */
export function instantiate(
  call: NodeProto,
  body: FunctionProto,
  b: Ops,
  shared: ReadonlyMap<string, string> = new Map(),
): NodeProto[] {
  const names = new Map<string, string>(shared);
  body.input.forEach((name, i) => {
    names.set(name, call.input[i] ?? '');
  });
  body.output.forEach((name, i) => {
    // An output that is also an input is passed through below.
    if (!names.has(name) && call.output[i]) names.set(name, call.output[i]);
  });
  const own = body.node.filter(({ output }) => !shared.has(output[0] ?? ''));
  const rename: Rename = (name) => {
    const known = names.get(name);
    if (known !== undefined) return known;
    const made = b.uniqueName(name);
    names.set(name, made);
    return made;
  };
  const values = new Map<string, AttributeProto>(body.attributeProto.map((preset) => [preset.name, preset]));
  for (const given of call.attribute) values.set(given.name, given);
  const nodes = own.map((inner) => {
    const copy = clone(NodeProtoSchema, inner);
    renameNode(copy, rename, rename, values);
    copy.name = `${nodeName(call)}/${nodeName(inner)}`;
    return copy;
  });
  body.output.forEach((name, i) => {
    const wanted = call.output[i];
    if (wanted && names.get(name) !== wanted) {
      nodes.push(identity(rename(name), wanted));
    }
  });
  return nodes;
}

/** The branch that an If with a known condition takes. `undefined` if the condition is known only at run time. */
export function takenBranch(node: NodeProto, b: Ops): GraphProto | undefined {
  if (node.opType !== 'If' || node.domain !== '') return undefined;
  const condition = node.input[0] ?? '';
  const known = b.constant(condition)?.values[0] ?? b.value(condition)?.[0];
  if (typeof known !== 'number') return undefined;
  return subgraph(node, known === 0 ? 'else_branch' : 'then_branch');
}

/** Exporters do not nest deeper than this. */
const deepest = 64;

/** Refuses functions and loops that expand without end. */
export function checkUnfolding(depth: number, nodes: number, node: NodeProto): void {
  if (depth > deepest || nodes > maxNodes) {
    throw fail(
      `functions, branches and loops nested at most ${deepest} deep and unfolding to at most ${maxNodes} nodes`,
      `${depth > deepest ? 'deeper nesting' : 'more nodes'} in "${(node.name || node.opType).split('/', 1)[0]}"`,
      'A function of the model may call itself, or a loop may be too long. Export the model again.',
    );
  }
}
