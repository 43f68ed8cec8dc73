import { fail } from '../errors.ts';
import { importedOpset } from '../format/model.ts';
import type { GraphProto, NodeProto, TensorProto, ValueInfoProto } from '../generated/onnx_pb.ts';
import { checkDifferentiable } from '../gradients/differentiate.ts';
import { operators } from '../gradients/index.ts';
import type { Ops } from '../graph/ops.ts';
import { createRandomNumbers } from '../graph/randomNumbers.ts';
import { checkTarget } from '../loss/checkTarget.ts';
import { appendLosses, type LossHead } from '../loss/lossHead.ts';
import { lossInput } from '../loss/lossInput.ts';
import { termsOf } from '../loss/terms.ts';
import { loadGraph } from '../read/load.ts';
import type { SizedModel } from '../read/sizes.ts';
import { type Bucket, packBuckets, type Scales, unpack } from './buckets.ts';
import type { BuildOptions, ParameterGroup } from './options.ts';
import { selectParameters } from './parameters.ts';
import type { UntrainedTensor } from './trainingModel.ts';

/** Makes names for the inputs and outputs that the emitted models add. */
export type Names = (name: string) => string;

/** A tensor that training changes without a gradient, such as a running mean. */
export interface BufferState {
  readonly tensor: TensorProto;
  /** The value in the graph that replaces it after a step. */
  readonly next: string;
}

/** A model with its loss and its packed parameters, before differentiation. */
export interface Plan {
  readonly b: Ops;
  /** The model's own nodes and the loss, in order. */
  readonly nodes: readonly NodeProto[];
  readonly inputs: readonly ValueInfoProto[];
  readonly head: LossHead;
  readonly parameters: readonly TensorProto[];
  readonly untrained: readonly UntrainedTensor[];
  readonly buckets: readonly Bucket[];
  readonly buffers: readonly BufferState[];
  readonly bufferBuckets: readonly Bucket[];
  readonly names: Names;
  /** The int64 input that determines dropout masks and random numbers, if there are any. */
  readonly rngStep: string | undefined;
}

/** Returns a function that makes names which no value of the source model has. */
export function namesFor(graph: GraphProto): Names {
  const taken = new Set(
    [...graph.input, ...graph.output, ...graph.initializer]
      .map(({ name }) => name)
      .concat(graph.node.flatMap(({ input, output }) => [...input, ...output])),
  );
  return (name) => {
    let free = name;
    while (taken.has(free)) free = `clr.${free}`;
    return free;
  };
}

function scale(value: number | undefined, field: string): number {
  const used = value ?? 1;
  if (!(Number.isFinite(used) && used >= 0)) {
    throw fail(
      `${field} of a group to be a finite number of at least 0`,
      `${field} = ${String(value)}`,
      'Leave it out for 1.',
    );
  }
  return used;
}

/** Refuses a group that matches no parameter, because its multipliers would have no effect. */
function checkGroups(groups: readonly ParameterGroup[] = [], trained: readonly string[]): void {
  const empty = groups.findIndex(({ match }) => !trained.some(match));
  if (empty < 0) return;
  throw fail(
    'every group to match at least one trained weight',
    `groups[${empty}], which matches none of ${trained.slice(0, 8).join(', ')}${trained.length > 8 ? `, … (${trained.length} in all)` : ''}`,
    'Leave the group out, or check the names: describeModel lists them.',
  );
}

/** The multipliers of a parameter: those of the first matching group. */
export function scalesOf(groups: readonly ParameterGroup[] | undefined): (name: string) => Scales {
  return (name) => {
    const group = groups?.find(({ match }) => match(name));
    return {
      lrScale: scale(group?.lrScale, 'lrScale'),
      weightDecayScale: scale(group?.weightDecayScale, 'weightDecayScale'),
    };
  };
}

/**
 * Records the running statistics that a node in training mode replaces. If an earlier node updates the same statistics,
 * this node starts from the result.
 */
function noteBuffers(
  b: Ops,
  node: NodeProto,
  stored: ReadonlyMap<string, TensorProto>,
  noted: Map<string, string>,
): void {
  for (const { input, output } of b.operator(node)?.state?.(node) ?? []) {
    const name = node.input[input] ?? '';
    const next = node.output[output];
    if (!stored.has(name) || !next) continue;
    node.input[input] = noted.get(name) ?? name;
    noted.set(name, next);
  }
}

const whole: Scales = { lrScale: 1, weightDecayScale: 1 };

/**
 * Loads a model, appends the loss, chooses the parameters, and turns parameters and running statistics into inputs.
 *
 * @param model - is not changed
 * @param inference - whether Dropout and BatchNormalization are in inference mode
 */
export function plan(model: SizedModel, options: BuildOptions, inference: boolean): Plan {
  const { graph } = model;
  const { resize = () => {} } = model;
  const names = namesFor(graph);
  const stored = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  const replaced = new Map<string, string>();
  const draws = createRandomNumbers(names('rngStep'));
  const { b, inputs } = loadGraph(
    model,
    operators,
    (node, ops) => {
      resize(node, ops);
      const own = [...node.input];
      if (!ops.inside) noteBuffers(ops, node, stored, replaced);
      ops.operator(node)?.settle?.(node, ops);
      // Values made inside a branch or a loop's body are invisible outside, so layers there stay in inference mode.
      if (!inference && !ops.inside) return ops.operator(node)?.toTraining?.(node, ops, draws);
      node.input = own;
      ops.operator(node)?.toInference?.(node, ops, draws);
    },
    options.trainable,
  );
  const nodes = [...b.nodes];
  const outputs = graph.output.map(({ name }) => name);
  const terms = termsOf(options);
  const wanted = terms.map(({ output }) => lossInput(b, nodes, outputs, output));
  if (!inference) {
    const sources = selectParameters(b, nodes, model, wanted, options.trainable).parameters.map(
      ({ name }) => name,
    );
    checkDifferentiable(b, nodes, wanted, sources, (domain) => importedOpset(model, domain));
  }
  const targets = terms.map(({ target }) => names(target));
  const distribution = options.target === 'distribution';
  const bare = b.writtenFor('the loss', () => appendLosses(b, terms, wanted, targets, distribution));
  const fed = new Set(inputs.flatMap(({ name }) => b.dims(name) ?? []));
  const checked = bare.targets.reduce((loss, target) => checkTarget(b, loss, target, fed), bare.loss);
  const head = { ...bare, loss: checked };
  const { parameters, untrained } = selectParameters(b, nodes, model, head.seeds.keys(), options.trainable);
  checkGroups(
    options.groups,
    parameters.map(({ name }) => name),
  );
  const buckets = packBuckets(parameters, scalesOf(options.groups));
  const trained = new Set(parameters.map(({ name }) => name));
  const buffers = [...replaced].flatMap(([name, next]) =>
    trained.has(name) ? [] : [{ tensor: stored.get(name) as TensorProto, next }],
  );
  const bufferBuckets = packBuckets(
    buffers.map(({ tensor }) => tensor),
    () => whole,
  );
  const feed = (bucket: Bucket, input: string): void => {
    const parts = bucket.parts.map(({ name }) => name);
    for (const name of parts) b.release(name);
    const vector = b.declare(input, bucket.type, [bucket.length]);
    b.writtenFor('the vectors of parameters', () => unpack(b, bucket, vector, parts));
  };
  const unpacking = b.collect(() => {
    buckets.forEach((bucket, i) => {
      feed(bucket, names(`parameters.${i}`));
    });
    bufferBuckets.forEach((bucket, i) => {
      feed(bucket, names(`buffers.${i}`));
    });
  });
  b.nodes.unshift(...unpacking);
  return {
    b,
    nodes,
    inputs,
    head,
    parameters,
    untrained,
    buckets,
    buffers,
    bufferBuckets,
    names,
    rngStep: draws.input,
  };
}
