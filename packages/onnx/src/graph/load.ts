import { fail } from '../errors.ts';
import type { NodeProto, ValueInfoProto } from '../generated/onnx_pb.ts';
import { operators } from '../gradients/index.ts';
import { Builder } from './builder.ts';
import type { Model } from './model.ts';
import { appendUpgraded, workingOpset } from './upgrade.ts';

/** A model as a graph that can grow. */
export interface Loaded {
  readonly b: Builder;
  /** What the model is fed: its inputs that have no stored value. */
  readonly inputs: readonly ValueInfoProto[];
}

function checkNode(b: Builder, node: NodeProto): void {
  const name = node.name || node.output[0] || node.opType;
  const missing = node.input.find((input) => input !== '' && !b.has(input));
  if (missing !== undefined) {
    throw fail(
      'every node to read what inputs, initializers and earlier nodes provide',
      `node "${name}" (${node.opType}) reads "${missing}"`,
      'The nodes are not in order or one is lost; check the file with onnx.checker.',
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

/**
 * Takes a model's graph into a builder, brought up to the working opset.
 *
 * @param adjust - may change each node before it is read: its inference form, say
 */
export function loadGraph(model: Model, adjust: (node: NodeProto, b: Builder) => void = () => {}): Loaded {
  const { graph, opset } = model;
  const b = new Builder(graph, Math.max(opset, workingOpset), operators);
  const stored = new Set(graph.initializer.map(({ name }) => name));
  for (const tensor of graph.sparseInitializer) stored.add(tensor.values?.name ?? '');
  for (const name of stored) if (!b.has(name)) b.declare(name, 0, undefined);
  for (const node of graph.node) {
    checkNode(b, node);
    adjust(node, b);
    appendUpgraded(b, node, opset);
  }
  const lost = graph.output.find(({ name }) => !b.has(name));
  if (lost) {
    throw fail(
      'every output to be made by a node',
      `the output "${lost.name}", which nothing makes`,
      'The file is damaged; check it with onnx.checker.',
    );
  }
  return { b, inputs: graph.input.filter(({ name }) => !stored.has(name)) };
}
