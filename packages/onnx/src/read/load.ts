import { fail, UnsupportedOperatorError } from '../errors.ts';
import { subgraphs } from '../format/captures.ts';
import { copyNode } from '../format/copyNode.ts';
import { isFloat } from '../format/dataType.ts';
import { nodeName } from '../format/describeNode.ts';
import type { Model } from '../format/model.ts';
import { checkStored } from '../format/tensor.ts';
import type { FunctionProto, NodeProto, ValueInfoProto } from '../generated/onnx_pb.ts';
import type { Operator } from '../graph/operator.ts';
import { Ops } from '../graph/ops.ts';
import { isPrivate, privateDomain } from '../graph/privateOperators.ts';
import { writeOut } from '../graph/writeOut.ts';
import { readAtRunTime } from './atRunTime.ts';
import { writeContrib } from './contrib.ts';
import { checkUnfolding, functionKey, identity, instantiate, takenBranch } from './inline.ts';
import { type Optionals, throughOptionals } from './optionals.ts';
import { scanRounds, unrollScan } from './scan.ts';
import { unrollMap } from './sequenceMap.ts';
import { type Sequences, throughSequences } from './sequences.ts';
import { StraightThrough } from './straightThrough.ts';
import { roundsOf, unrollLoop } from './unroll.ts';
import { appendUpgraded, needsUpgrade, workingOpset } from './upgrade.ts';

/** A model as a graph to which nodes can be appended. */
export interface Loaded {
  readonly b: Ops;
  /** The model's inputs that have no stored value. */
  readonly inputs: readonly ValueInfoProto[];
}

function checkNode(b: Ops, node: NodeProto): void {
  const name = node.name || node.output[0] || node.opType;
  if (isPrivate(node)) {
    throw fail(
      `operators outside of the domain "${privateDomain}", which clr reserves for itself`,
      `node "${name}" (${node.opType})`,
      'Give the operator another domain.',
    );
  }
  const missing = node.input.find((input) => input !== '' && !b.has(input));
  if (missing !== undefined) {
    throw fail(
      'every value that a node reads to be an input, an initializer or the output of another node',
      `node "${name}" (${node.opType}), which reads "${missing}"`,
      'The file is damaged, or a node is lost; check it with onnx.checker.',
    );
  }
  const again = node.output.find((output) => output !== '' && b.has(output));
  if (again !== undefined) {
    throw fail(
      'every value to be made by one node',
      `node "${name}" (${node.opType}) makes "${again}" again`,
      'The file is damaged; check it with onnx.checker.',
    );
  }
}

/** Changes a node after its upgrade and before it is appended, for example to switch it to inference mode. */
export type Adjust = (node: NodeProto, b: Ops) => void;

/** The opset that a function's body declares, or else that of its caller. */
function opsetOf(body: FunctionProto, preset: number): number {
  return Number(
    body.opsetImport.find(({ domain }) => domain === '' || domain === 'ai.onnx')?.version ?? preset,
  );
}

/** Inner graphs are not upgraded here, so each of their operators must mean the same in the working opset. */
function checkSubgraphs(node: NodeProto, opset: number): void {
  for (const graph of subgraphs(node)) {
    for (const inner of graph.node) {
      if (needsUpgrade(inner, opset)) {
        throw new UnsupportedOperatorError(
          { operator: inner.opType, node: inner.name || node.name || node.opType, opset },
          {
            expected: `operators of opset ${workingOpset} inside control flow`,
            advice: `Fix the dynamic axes with \`sizes\`, so that the loop can be unrolled or the branch is known, or export the model with opset ${workingOpset}.`,
          },
        );
      }
      checkSubgraphs(inner, opset);
    }
  }
}

/** Operators of quantised models. */
const quantisedOperator = /[Qq]uantize|Integer|QLinear|NBits/;

/** Creates the object that writes quantised operators in floats. `undefined` if the model has no such operators. */
function straightThrough(
  b: Ops,
  model: Model,
  trained: (name: string) => boolean,
): StraightThrough | undefined {
  const { graph, proto } = model;
  const bodies = [graph, ...proto.functions];
  if (!bodies.some(({ node }) => node.some(({ opType }) => quantisedOperator.test(opType)))) return undefined;
  const names = graph.initializer.flatMap(({ name, dataType }) =>
    isFloat(dataType) && trained(name) ? [name] : [],
  );
  return new StraightThrough(b, names, model);
}

/**
 * Loads a model into a growing graph. It upgrades nodes to the working opset, inlines the model's own functions, takes
 * branches with a known condition and unrolls loops of known length.
 *
 * @param model - the model, which stays unchanged
 * @param operators - the known operators
 * @param trained - the stored tensors that may be trained; quantised operators that they reach are written in floats
 */
export function loadGraph(
  model: Model,
  operators: ReadonlyMap<string, Operator>,
  adjust: Adjust = () => {},
  trained: (name: string) => boolean = () => true,
): Loaded {
  const { graph, opset, proto } = model;
  graph.initializer.forEach(checkStored);
  const b = new Ops(graph, Math.max(opset, workingOpset), operators);
  const stored = new Set(graph.initializer.map(({ name }) => name));
  for (const tensor of graph.sparseInitializer) stored.add(tensor.values?.name ?? '');
  for (const name of stored) if (!b.has(name)) b.declare(name, 0, undefined);
  const functions = new Map(proto.functions.map((body) => [functionKey(body, body.name), body]));

  const sequences: Sequences = new Map();
  const optionals: Optionals = new Map();
  const rounding = straightThrough(b, model, trained);

  const append = (node: NodeProto, version: number, depth: number): void => {
    checkUnfolding(depth, b.nodes.length, node);
    // Drops omitted optional inputs at the end of the list, because ONNX Runtime's fusions fail on trailing empty
    // names.
    while (node.input.at(-1) === '') node.input.pop();
    checkNode(b, node);
    const key = functionKey(node, node.opType);
    const body = functions.get(key);
    if (body) {
      for (const inner of instantiate(node, body, b, model.shared?.get(key)))
        append(inner, opsetOf(body, version), depth + 1);
      return;
    }
    const branch = takenBranch(node, b);
    const deeper = (inner: NodeProto): void => append(inner, version, depth + 1);
    if (branch) {
      const { nodes, outputs } = writeOut(branch, [], b, nodeName(node));
      nodes.forEach(deeper);
      outputs.forEach((name, i) => {
        if (node.output[i]) deeper(identity(name, node.output[i]));
      });
      return;
    }
    const rounds = roundsOf(node, b);
    if (rounds !== undefined) {
      unrollLoop(node, rounds, b, deeper);
      return;
    }
    const scanned = scanRounds(node, b, version);
    if (scanned !== undefined) {
      unrollScan(node, scanned, b, deeper);
      return;
    }
    if (unrollMap(node, b, sequences, deeper)) return;
    if (rounding?.write(node, (inner) => appendUpgraded(b, inner, version, adjust))) return;
    if (writeContrib(node, b)) return;
    if (readAtRunTime(node, b, version, deeper)) return;
    checkSubgraphs(node, version);
    const plain = throughSequences(throughOptionals(node, b, optionals, sequences), b, sequences);
    appendUpgraded(b, plain, version, adjust);
  };
  for (const node of graph.node) append(copyNode(node), opset, 0);

  const lost = graph.output.find(({ name }) => !b.has(name));
  if (lost) {
    throw fail(
      'every output to be made by a node',
      `the output "${lost.name}", which no node makes`,
      'The file is damaged; check it with onnx.checker.',
    );
  }
  return { b, inputs: graph.input.filter(({ name }) => !stored.has(name)) };
}
