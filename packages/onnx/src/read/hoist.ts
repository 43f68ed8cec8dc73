import { DataType, isFloat } from '../format/dataType.ts';
import { nodeName } from '../format/describeNode.ts';
import type { Model } from '../format/model.ts';
import type { Place, StoredAt } from '../format/place.ts';
import type { AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto } from '../generated/onnx_pb.ts';
import { renameNode } from '../graph/rename.ts';
import { functionKey, identity } from './inline.ts';
import { linearModel } from './linearModels.ts';
import { constantOf } from './upgrade.ts';

/** Chooses a float tensor's name: its own if it is unique in the file, else with its path added. */
function namer(proto: ModelProto): (own: string, path: readonly string[]) => string {
  const times = new Map<string, number>();
  const count = (name: string): void => {
    times.set(name, (times.get(name) ?? 0) + 1);
  };
  const countNodes = (nodes: readonly NodeProto[]): void => {
    for (const { output, attribute } of nodes) {
      output.forEach(count);
      for (const { g, graphs } of attribute)
        for (const inner of g ? [g, ...graphs] : graphs) countGraph(inner);
    }
  };
  const countGraph = ({ initializer, input, node }: GraphProto): void => {
    const own = new Set([...initializer, ...input].map(({ name }) => name));
    own.forEach(count);
    countNodes(node);
  };
  if (proto.graph) countGraph(proto.graph);
  for (const { input, node } of proto.functions) {
    input.forEach(count);
    countNodes(node);
  }
  return (own, path) => {
    if (times.get(own) === 1) return own;
    const long = [...path, own].join('/');
    let name = long;
    for (let i = 2; times.has(name); i++) name = `${long}#${i}`;
    count(name);
    return name;
  };
}

/** The attributes of a Constant node that may hold floats, and how a {@link Place} in each of them ends. */
const kinds: Readonly<Record<string, string>> = { value: 't', value_float: 'f', value_floats: 'floats' };

/** The floats of a Constant node and their path inside the node. */
function floatsOf(node: NodeProto): { tensor: TensorProto; way: string } | undefined {
  const [held] = node.attribute;
  const kind = kinds[held?.name ?? ''];
  if (node.opType !== 'Constant' || !kind || held?.refAttrName || node.output.length !== 1) return undefined;
  const tensor = constantOf(node);
  return tensor && (isFloat(tensor.dataType) || isStoredWeight(tensor))
    ? { tensor, way: `a0.${kind}` }
    : undefined;
}

/** Whether a tensor is an array of low-bit integers. Such a tensor is taken for a quantised weight. */
const isStoredWeight = ({ dataType, dims }: TensorProto): boolean => dims.length > 0 && fewBits.has(dataType);
const fewBits: ReadonlySet<number> = new Set([DataType.INT8, DataType.UINT8, DataType.INT4, DataType.UINT4]);

/**
 * Moves float tensors from inside nodes (a Constant, a branch, a loop's body) to the graph's initializers, so that all
 * weights are in one place. Functions also keep their tensors, for calls that are not inlined. All inlined calls of a
 * function share one tensor.
 *
 * @param model - a freshly decoded model, which this function changes
 */
export function hoistTensors(model: Model): Model {
  const { graph, proto } = model;
  const nameOf = namer(proto);
  const stored = new Map<string, StoredAt>();
  graph.initializer.forEach(({ name }, i) => {
    stored.set(name, { place: `i${i}`, inNode: false });
  });

  const take = (tensor: TensorProto, name: string, place: Place): void => {
    tensor.name = name;
    graph.initializer.push(tensor);
    stored.set(name, { place, inNode: true });
  };

  /** Extracts the tensors of some nodes. Returns the remaining nodes and the tensors' new names. */
  const takeNodes = (
    nodes: readonly NodeProto[],
    at: Place,
    path: readonly string[],
    kept: ReadonlySet<string>,
  ): { left: NodeProto[]; renamed: Map<string, string> } => {
    const renamed = new Map<string, string>();
    const left = nodes.flatMap((node, i) => {
      const place = `${at}n${i}`;
      // Only in the main graph, because elsewhere each call or iteration would need its own weights.
      const linear = at === '' ? linearModel(node, (own) => nameOf(own, path)) : undefined;
      if (linear) {
        for (const { tensor, at: held } of linear.weights)
          take(tensor, tensor.name, `${place}.a${held}.floats`);
        graph.initializer.push(...linear.constants);
        return [...linear.nodes];
      }
      const found = floatsOf(node);
      const [local = ''] = node.output;
      if (found && local !== '') {
        const name = nameOf(local, path);
        if (stored.has(name)) return [node];
        take(found.tensor, name, `${place}.${found.way}`);
        if (kept.has(local)) return [identity(name, local)];
        renamed.set(local, name);
        return [];
      }
      node.attribute.forEach((held, j) => {
        takeGraphs(held, `${place}.a${j}`, [...path, nodeName(node), held.name]);
      });
      return [node];
    });
    return { left, renamed };
  };

  const takeGraphs = ({ g, graphs }: AttributeProto, at: Place, path: readonly string[]): void => {
    if (g) takeGraph(g, `${at}.g.`, path);
    graphs.forEach((inner, i) => {
      takeGraph(inner, `${at}.g${i}.`, [...path, String(i)]);
    });
  };

  const takeGraph = (inner: GraphProto, at: Place, path: readonly string[]): void => {
    const outputs = new Set(inner.output.map(({ name }) => name));
    const inputs = new Set(inner.input.map(({ name }) => name));
    const { left, renamed } = takeNodes(inner.node, at, path, outputs);
    const handed: NodeProto[] = [];
    inner.initializer = inner.initializer.filter((tensor, i) => {
      const local = tensor.name;
      if (!isFloat(tensor.dataType) || inputs.has(local)) return true;
      const name = nameOf(local, path);
      if (stored.has(name)) return true;
      take(tensor, name, `${at}i${i}`);
      if (outputs.has(local)) handed.push(identity(name, local));
      else renamed.set(local, name);
      return false;
    });
    inner.node = [...handed, ...left];
    for (const node of inner.node)
      renameNode(
        node,
        (name) => renamed.get(name) ?? name,
        (name) => name,
      );
  };

  graph.node = takeNodes(graph.node, '', [], new Set()).left;

  const shared = new Map<string, ReadonlyMap<string, string>>();
  proto.functions.forEach((body, i) => {
    const tensors = new Map<string, string>();
    body.node.forEach((node, j) => {
      const found = floatsOf(node);
      const [local = ''] = node.output;
      if (!found || local === '') return;
      const name = nameOf(
        local,
        [body.domain, body.name].filter((part) => part !== ''),
      );
      if (stored.has(name)) return;
      const copy = { ...found.tensor };
      take(copy, name, `f${i}.n${j}.${found.way}`);
      tensors.set(local, name);
    });
    if (tensors.size > 0) shared.set(functionKey(body, body.name), tensors);
  });
  return { ...model, stored, shared };
}
