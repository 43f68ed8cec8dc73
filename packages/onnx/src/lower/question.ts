import { create } from '@bufbuild/protobuf';
import { copyNode } from '../format/copyNode.ts';
import { DataType } from '../format/dataType.ts';
import {
  type AttributeProto,
  type GraphProto,
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
} from '../generated/onnx_pb.ts';
import { declaration } from '../graph/declaration.ts';
import type { Dim } from '../graph/dim.ts';
import { type Graph, operatorKey } from '../graph/graph.ts';
import { Ops } from '../graph/ops.ts';
import { isPrivate } from '../graph/privateOperators.ts';
import { byRuleOfThumb, type Choose, type Match } from './choose.ts';
import { finish } from './finish.ts';
import { formsFor, lower } from './lower.ts';
import { poolOf } from './maxPool/pool.ts';
import type { Target } from './target.ts';

/** Operators with several correct forms, whose speed depends on the shape and the processor. */
const contested: ReadonlySet<string> = new Set([
  'Conv',
  'ConvTranspose',
  'clr:ConvInputGrad',
  'clr:ConvWeightGrad',
  'clr:MaxPoolGrad',
]);

/** The name that is used for a batch axis of unknown size. */
const freeAxis = 'n';

/** The name of the form that leaves an ONNX operator unchanged. */
const asItIs = 'as it is';

/**
 * The chosen form of each node that has several forms (ways to write it as ONNX operators). A key names the node's
 * operator, attributes and shapes. This is plain data, so it can be stored as JSON.
 */
export type Forms = Readonly<Record<string, string>>;

/** A node that can be written in several forms. A measurement can decide which form is used. */
export interface Question {
  /** The node's operator, attributes and shapes, and the channel block. */
  readonly key: string;
  /** The candidate forms. The rule of thumb's choice comes first. */
  readonly forms: readonly string[];
  /** The number of multiplications in one run, or per example if the batch size is unknown. */
  readonly work: number;
  /** Whether the batch size is unknown. */
  readonly free: boolean;
  /**
   * The values that the node reads, except the outputs of the MaxPool that it differentiates. A symbolic axis is the
   * batch.
   */
  readonly inputs: readonly { readonly name: string; readonly dims: readonly Dim[] }[];
  /** The node. If it is the gradient of a MaxPool, this pool comes first. */
  readonly nodes: readonly NodeProto[];
}

const attributeText = ({ name, ints, i, s, f }: AttributeProto): string =>
  `${name}=${ints.length > 0 ? ints.join() : s.length > 0 ? new TextDecoder().decode(s) : f !== 0 ? f : i}`;

const poolFor = (node: NodeProto, graph: Graph): NodeProto | undefined =>
  operatorKey(node) === 'clr:MaxPoolGrad' ? poolOf(node, graph) : undefined;

/** The shapes of a node's inputs, if all inputs are float32 and all sizes except the batch are known. */
function shapesOf(node: NodeProto, graph: Graph): (readonly Dim[])[] | undefined {
  const shapes = node.input.map((name) => {
    const { type, dims } = graph.type(name);
    const known = dims?.every((dim, axis) => typeof dim === 'number' || axis === 0);
    return type === DataType.FLOAT && dims && known
      ? dims.map((dim) => (typeof dim === 'number' ? dim : freeAxis))
      : undefined;
  });
  return shapes.every((dims) => dims !== undefined) ? (shapes as (readonly Dim[])[]) : undefined;
}

/**
 * The key of a node in {@link Forms}. It is `undefined` if there is nothing to choose, or if the shapes are not known.
 */
function keyOf(
  node: NodeProto,
  graph: Graph,
  { channelBlock }: Target,
  forms: readonly Match[],
): string | undefined {
  const open = forms.length + (isPrivate(node) ? 0 : 1);
  const shapes = contested.has(operatorKey(node)) && open > 1 ? shapesOf(node, graph) : undefined;
  const texts = [...node.attribute].map(attributeText).sort();
  return (
    shapes &&
    [operatorKey(node), ...shapes.map((dims) => `[${dims.join()}]`), ...texts, `block=${channelBlock}`].join(
      ' ',
    )
  );
}

/** Per element, a max pool and its gradient take about as long as this many multiplications. */
const placesOfPool = 32;

/** The number of multiplications: the kernel's elements times its positions. For a pool, it is an estimate. */
function workOf(node: NodeProto, graph: Graph, shapes: readonly (readonly Dim[])[]): number {
  const count = (dims: readonly Dim[] = []): number =>
    dims.reduce<number>((product, dim) => product * (typeof dim === 'number' ? dim : 1), 1);
  const [x = [], w] = shapes;
  const operator = operatorKey(node);
  if (operator === 'clr:MaxPoolGrad') return placesOfPool * count(x);
  const at =
    operator === 'Conv' ? graph.dims(node.output[0] ?? '') : operator === 'ConvTranspose' ? x : shapes[2];
  return ((typeof at?.[0] === 'number' ? at[0] : 1) * count(w) * count(at?.slice(2))) as number;
}

function questionOf(
  node: NodeProto,
  graph: Graph,
  target: Target,
  forms: readonly Match[],
): Question | undefined {
  const key = keyOf(node, graph, target, forms);
  const shapes = key === undefined ? undefined : shapesOf(node, graph);
  if (key === undefined || !shapes) return undefined;
  const usual = byRuleOfThumb(node, forms, graph)?.row.form ?? asItIs;
  const racing = forms.filter(({ row, found }) => row.races?.(found) ?? true).map(({ row }) => row.form);
  const names = [...racing, ...(isPrivate(node) ? [] : [asItIs])];
  if (names.every((name) => name === usual)) return undefined;
  const pool = poolFor(node, graph);
  // Copies the nodes, because the form 'by indices' of clr:MaxPoolGrad changes the MaxPool node.
  const nodes = [...(pool ? [copyNode(pool, { output: [pool.output[0] as string] })] : []), copyNode(node)];
  const made = new Set(pool?.output);
  const inputs = node.input.map((name, i) => ({ name, dims: shapes[i] as readonly Dim[] }));
  return {
    key,
    forms: [usual, ...names.filter((name) => name !== usual)],
    work: workOf(node, graph, shapes),
    free: shapes.some(([batch]) => typeof batch !== 'number'),
    inputs: inputs.filter(({ name }, i) => !made.has(name) && node.input.indexOf(name) === i),
    nodes,
  };
}

/** The nodes of a graph that can be written in several forms, one for each key. */
export function questionsOf(graph: Graph, target: Target): Question[] {
  const found = new Map<string, Question>();
  for (const node of graph.nodes) {
    if (!contested.has(operatorKey(node))) continue;
    const question = questionOf(node, graph, target, formsFor(node, graph, target));
    if (question) found.set(question.key, found.get(question.key) ?? question);
  }
  return [...found.values()];
}

/**
 * Chooses the form that `forms` names for a node. If it names none, the rule of thumb applies.
 *
 * @param taken - records the form of each node that has several forms
 */
export function chooseFrom(forms: Forms, target: Target, taken?: Map<string, string>): Choose {
  return (node, matches, graph) => {
    const usual = byRuleOfThumb(node, matches, graph);
    const key = keyOf(node, graph, target, matches);
    if (key === undefined) return usual;
    const told = Object.hasOwn(forms, key) ? forms[key] : undefined;
    const plain = told === asItIs && !isPrivate(node);
    const chosen = plain ? undefined : (matches.find(({ row }) => row.form === told) ?? usual);
    taken?.set(key, chosen?.row.form ?? asItIs);
    return chosen;
  };
}

/** The node of a question, written in one form. This form may consist of nodes that raise further questions. */
export interface Candidate {
  /**
   * A graph that computes the node from the question's inputs. Its only output, `first`, is the first element of the
   * result, so that little data is copied.
   */
  readonly graph: GraphProto;
  readonly asks: readonly Question[];
}

/** Writes the node of a question in the given form. For the nodes that this form emits, `forms` names the forms. */
export function candidate(
  { inputs, nodes }: Question,
  form: string,
  forms: Forms,
  target: Target,
  { opset, operators }: Pick<Graph, 'opset' | 'operators'>,
): Candidate {
  const declared = inputs.map(({ name, dims }) => declaration(name, DataType.FLOAT, dims));
  const ops = new Ops(create(GraphProtoSchema, { input: declared }), opset, operators);
  for (const node of nodes) ops.append(copyNode(node));
  const last = ops.nodes.at(-1) as NodeProto;
  const asks: Question[] = [];
  const told = chooseFrom(forms, target);
  const { nodes: written, standIn } = lower(ops, target, (node, matches, graph) => {
    if (node === last) return matches.find(({ row }) => row.form === form);
    const asked = questionOf(node, graph, target, matches);
    if (asked && !Object.hasOwn(forms, asked.key)) asks.push(asked);
    return told(node, matches, graph);
  });
  const result = standIn(last.output[0] as string);
  const end = ops.collect(() => {
    ops.emitAs('Gather', [ops.reshape(result, [-1]), ops.ints([0])], {}, 'first');
  });
  const { graph } = finish({
    b: ops,
    nodes: [...written, ...end],
    source: create(ModelProtoSchema),
    inputs: declared,
    outputs: [{ value: 'first', name: 'first' }],
    metadata: [],
  }).proto;
  return { graph: graph as GraphProto, asks };
}
