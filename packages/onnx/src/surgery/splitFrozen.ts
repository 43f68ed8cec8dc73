import { fail } from '../errors.ts';
import { int } from '../format/attributes.ts';
import { captures } from '../format/captures.ts';
import { describeNode } from '../format/describeNode.ts';
import type { NodeProto } from '../generated/onnx_pb.ts';
import { declaration } from '../graph/declaration.ts';
import { sortNodes } from '../read/sortNodes.ts';
import { cutAt } from './cutAt.ts';
import { Opened } from './opened.ts';
import { prune } from './prune.ts';

/** A model split into a body that training does not change, and a head that reads the outputs of the body. */
export interface SplitModel {
  readonly body: Uint8Array;
  readonly head: Uint8Array;
  /** The values that the body computes and the head reads. */
  readonly features: readonly string[];
}

/** Operators whose result differs from step to step. */
const random =
  /^(Dropout|RandomNormal|RandomNormalLike|RandomUniform|RandomUniformLike|Bernoulli|Multinomial)$/;

/** Whether a batch norm normalises with the batch's statistics. */
const trains = (node: NodeProto): boolean =>
  node.opType === 'BatchNormalization' && (int(node, 'training_mode', 0) === 1 || node.output.length > 1);

/**
 * Splits a model before the first trained weights. The head holds every node that depends on a trained weight, a random
 * number or a batch norm in training mode. The body holds the other nodes that depend on the inputs.
 *
 * @param trained - the names of the trained weights
 * @throws {ClrError} if the body would be empty
 */
export function splitFrozen(model: Uint8Array, trained: ReadonlySet<string>): SplitModel {
  const opened = new Opened(model);
  const { graph } = opened;
  const stored = new Set(graph.initializer.map(({ name }) => name));
  const inputs = new Set(graph.input.map(({ name }) => name).filter((name) => !stored.has(name)));
  const live = new Set(trained);
  // Values that depend on the data, but on nothing that training changes.
  const fixed = new Set<string>();
  const makers = new Map<string, NodeProto>();
  const heads = new Set<NodeProto>();
  for (const node of sortNodes(graph.node)) {
    const reads = [...node.input, ...captures(node)];
    const changes = random.test(node.opType) || trains(node) || reads.some((name) => live.has(name));
    const depends = reads.some((name) => inputs.has(name) || fixed.has(name));
    if (changes) heads.add(node);
    for (const name of node.output) {
      if (changes) live.add(name);
      else if (depends) fixed.add(name);
      makers.set(name, node);
    }
  }
  const read = [...heads].flatMap((node) => [...node.input, ...captures(node)]);
  const features = [...new Set(read)].filter((name) => fixed.has(name));
  if (features.length === 0) {
    const norm = [...heads].find(trains);
    throw fail(
      'a frozen part of the model before the first trained weight',
      norm
        ? `${describeNode(norm)} in training mode, whose statistics change`
        : 'a model whose first layer is trained',
      norm
        ? 'Freeze it: freezeBatchNorm(model, { except: trainable }).'
        : 'Leave out cacheFeatures, or freeze more with `trainable`.',
    );
  }
  const body = cutAt(model, features);
  graph.node = graph.node.filter((node) => !node.output.some((name) => features.includes(name)));
  graph.input.push(
    ...features.map((name) => declaration(name, opened.type(name).type, opened.type(name).dims)),
  );
  const known = new Set(features);
  graph.valueInfo = graph.valueInfo.filter(({ name }) => !known.has(name));
  prune(graph);
  return { body, head: opened.close(), features };
}
