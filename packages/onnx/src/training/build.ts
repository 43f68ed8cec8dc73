import { create } from '@bufbuild/protobuf';
import { fail } from '../errors.ts';
import { DataType, typeName } from '../format/dataType.ts';
import { graphHash } from '../format/graphHash.ts';
import { importedOpset, type Model } from '../format/model.ts';
import {
  GraphProtoSchema,
  ModelProtoSchema,
  type TensorProto,
  type ValueInfoProto,
} from '../generated/onnx_pb.ts';
import { differentiate } from '../gradients/differentiate.ts';
import { operators } from '../gradients/index.ts';
import { declaration } from '../graph/declaration.ts';
import { Ops } from '../graph/ops.ts';
import type { Target } from '../loss/target.ts';
import { readSource } from '../read/readSource.ts';
import { appendUpdate } from './appendUpdate.ts';
import { type Bucket, pack, readBucket } from './buckets.ts';
import { type Draft, input, output, replace, written } from './draft.ts';
import { nanUnlessFinite } from './notFinite.ts';
import type { BuildOptions } from './options.ts';
import { type Plan, plan } from './plan.ts';
import { readOptions } from './readOptions.ts';
import type { TargetInfo, TensorInfo, TrainingModel } from './trainingModel.ts';
import { updateOf } from './updates.ts';

/** An input as the graph knows it, so that a free axis without a name is known again in the target. */
function infoOf({ b }: Plan, { name }: ValueInfoProto): TensorInfo {
  return { name, type: typeName(b.type(name).type), dims: b.dims(name) };
}

/** A target as a batch is checked against it. */
function targetInfo({ name, type, dims, classes, axis, ignored, others }: Target): TargetInfo {
  return {
    name,
    type: typeName(type),
    dims,
    ...(typeof classes === 'number' ? { classes } : {}),
    ...(axis === undefined ? {} : { axis }),
    ...(ignored === undefined ? {} : { ignored }),
    ...(others && others.length > 0 ? { others } : {}),
  };
}

/** What all models that run the network have in common. */
type Common = Partial<TrainingModel> & Pick<TrainingModel, 'data' | 'targets' | 'untrained'>;

/** The inputs that all models that run the network have in common. */
function network(p: Plan): { draft: Draft; common: Common } {
  const draft: Draft = { b: p.b, target: p.target, inputs: [...p.inputs], outputs: [], state: [] };
  const { head, draw } = p;
  if (draw) input(draft, draw, DataType.INT64, []);
  for (const { name, type, dims } of head.targets) draft.inputs.push(declaration(name, type, dims));
  return {
    draft,
    common: {
      data: p.inputs.map((info) => infoOf(p, info)),
      targets: head.targets.map(targetInfo),
      ...(draw ? { draw } : {}),
      untrained: p.untrained,
    },
  };
}

/** Adds the outputs for the loss and the accuracy, before all others. */
function metrics(
  draft: Draft,
  { b, head, names }: Plan,
  loss: string,
): Pick<TrainingModel, 'loss' | 'accuracy'> {
  const named = (value: string, name: string): string =>
    b.writtenFor('the loss', () => output(draft, b.cast(value, DataType.FLOAT), names(name)));
  const others = draft.outputs.splice(0);
  const found = {
    loss: named(loss, 'loss'),
    ...(head.accuracy ? { accuracy: named(head.accuracy, 'accuracy') } : {}),
  };
  draft.outputs.push(...others);
  return found;
}

const byName = (tensors: readonly TensorProto[]): Map<string, TensorProto> =>
  new Map(tensors.map((tensor) => [tensor.name, tensor]));

/** Declares the buckets of parameters and running statistics as inputs. */
function feedState(draft: Draft, p: Plan): void {
  const add = (role: string, buckets: readonly Bucket[], tensors: readonly TensorProto[]): void => {
    buckets.forEach((bucket, i) => {
      const name = input(draft, p.names(`${role}.${i}`), bucket.type, [bucket.length]);
      draft.state.push({
        role,
        input: name,
        parts: bucket.parts,
        initial: readBucket(bucket, byName(tensors)),
      });
    });
  };
  add('parameters', p.buckets, p.parameters);
  add(
    'buffers',
    p.bufferBuckets,
    p.buffers.map(({ tensor }) => tensor),
  );
}

/** The running statistics after this batch. */
function replaceBuffers(draft: Draft, p: Plan): void {
  const next = new Map(p.buffers.map((buffer) => [buffer.tensor.name, buffer.next]));
  p.bufferBuckets.forEach((bucket, i) => {
    const values = bucket.parts.map(({ name }) => next.get(name) as string);
    p.b.writtenFor('the running statistics', () =>
      replace(draft, p.names(`buffers.${i}`), pack(p.b, values), p.names),
    );
  });
}

/** The parameters and running statistics after a step. */
const successors = ({ state }: Draft): string[] =>
  state.flatMap(({ role, output: next }) =>
    next !== undefined && (role === 'parameters' || role === 'buffers') ? [next] : [],
  );

/** The gradients of all parameters, bucket by bucket, and how far back they go. */
function gradientVectors(
  p: Plan,
  model: Model,
  options: BuildOptions,
): { vectors: string[]; backward: { nodes: number; of: number } } {
  const opsetOf = (domain: string): number => importedOpset(model, domain);
  const sources = p.parameters.map(({ name }) => name);
  let nodes = 0;
  const gradients = differentiate(p.b, p.nodes, p.head.seeds, sources, opsetOf, () => {
    nodes += 1;
  });
  const still = options.trainable && sources.find((name) => !gradients.has(name));
  if (still !== undefined) {
    throw fail(
      'a gradient for every parameter that `trainable` names',
      `"${still}": the derivative of the loss is 0 all over`,
      'Leave it out of `trainable`, or export the model so that the loss depends on it.',
    );
  }
  const vectors = p.buckets.map(({ parts }) =>
    p.b.writtenFor('the vector of gradients', () =>
      pack(
        p.b,
        parts.map(({ name }) => gradients.get(name) ?? p.b.zerosLike(name)),
      ),
    ),
  );
  return { vectors, backward: { nodes, of: p.nodes.length } };
}

/**
 * Turns an inference model into one training step, as a standard ONNX model: forward, loss, reverse-mode
 * gradients and the optimizer's update. Pure: bytes in, bytes out, no runtime; works in a browser.
 *
 * Inputs: the model's own, `target`, the scalars `lr`, `momentum` and `step` (as far as the optimizer uses
 * them), `draw` (where there is Dropout in training form or a random operator), and the state vectors. Outputs: `loss`, `accuracy`
 * (for `'crossEntropy'`) and every state vector's successor; the loss is NaN if a parameter or running statistic after
 * the step is not finite. `state` and the file's metadata give the layout of the vectors.
 *
 * @param model - the content of an .onnx file, opset 7 or newer; it is not changed
 * @throws {ClrError} on bytes that are no model, or options that do not fit it
 * @throws {UnsupportedOperatorError} when an operator between a parameter and the loss has no gradient
 *
 * @example
 * ```ts
 * const step = buildTrainingModel(bytes, { loss: 'crossEntropy', optimizer: sgd({ momentum: 0.9 }) });
 * step.state.map(({ role }) => role); // ['parameters', 'velocity']
 * ```
 */
export function buildTrainingModel(model: Uint8Array, given: BuildOptions): TrainingModel {
  const options = readOptions(given);
  const update = updateOf(options.optimizer);
  const source = readSource(model);
  const p = plan(source, options, false);
  const { draft, common } = network(p);
  feedState(draft, p);
  const { vectors, backward } = gradientVectors(p, source, options);
  const named = p.b.writtenFor("the optimizer's update", () =>
    appendUpdate(draft, p.buckets, vectors, options, update, p.names),
  );
  replaceBuffers(draft, p);
  const loss = p.b.writtenFor('the loss', () =>
    p.b.add(p.b.cast(p.head.loss, DataType.FLOAT), nanUnlessFinite(p.b, successors(draft))),
  );
  return written(draft, source, {
    graph: graphHash(source.graph),
    backward,
    ...common,
    ...metrics(draft, p, loss),
    ...named,
  });
}

/**
 * The first half of {@link buildTrainingModel}: loss and gradients, and no update. A data-parallel engine
 * runs it on every shard, averages the gradient vectors and runs {@link buildApplyModel} once.
 *
 * @example
 * ```ts
 * const half = buildGradientModel(bytes, { loss: 'crossEntropy', optimizer: sgd() });
 * half.gradients.map(({ name }) => name)[0]; // 'gradients.0'
 * ```
 */
export function buildGradientModel(model: Uint8Array, given: BuildOptions): TrainingModel {
  const options = readOptions(given);
  const source = readSource(model);
  const p = plan(source, options, false);
  const { draft, common } = network(p);
  feedState(draft, p);
  const { vectors, backward } = gradientVectors(p, source, options);
  const gradients = vectors.map((vector, i) => ({
    name: output(draft, vector, p.names(`gradients.${i}`)),
    parts: (p.buckets[i] as Bucket).parts,
  }));
  replaceBuffers(draft, p);
  return written(draft, source, { backward, ...common, ...metrics(draft, p, p.head.loss), gradients });
}

/**
 * The second half of {@link buildTrainingModel}: gradient vectors in, updated parameters out.
 *
 * @example
 * ```ts
 * const half = buildApplyModel(bytes, { loss: 'crossEntropy', optimizer: sgd() });
 * half.state[0].output; // 'next.parameters.0'
 * ```
 */
export function buildApplyModel(model: Uint8Array, given: BuildOptions): TrainingModel {
  const options = readOptions(given);
  const update = updateOf(options.optimizer);
  const source = readSource(model);
  const p = plan(source, options, false);
  const b = new Ops(create(GraphProtoSchema), p.b.opset, operators);
  const draft: Draft = { b, target: p.target, inputs: [], outputs: [], state: [] };
  feedState(draft, { ...p, buffers: [], bufferBuckets: [] });
  const gradients = p.buckets.map((bucket, i) => ({
    name: input(draft, p.names(`gradients.${i}`), bucket.type, [bucket.length]),
    parts: bucket.parts,
  }));
  const vectors = gradients.map(({ name }) => name);
  const named = b.writtenFor("the optimizer's update", () =>
    appendUpdate(draft, p.buckets, vectors, options, update, p.names),
  );
  const empty: Model = {
    ...source,
    proto: create(ModelProtoSchema, {
      irVersion: source.proto.irVersion,
      opsetImport: source.proto.opsetImport,
    }),
  };
  const spoiled = output(draft, nanUnlessFinite(b, successors(draft)), p.names('spoiled'));
  return written(draft, empty, {
    data: [],
    targets: [],
    untrained: p.untrained,
    gradients,
    spoiled,
    ...named,
  });
}

/**
 * The evaluation model: loss and outputs in inference form, with the parameters as inputs.
 *
 * @example
 * ```ts
 * const evaluation = buildEvaluationModel(bytes, { loss: 'crossEntropy', optimizer: sgd() });
 * evaluation.accuracy; // 'accuracy'
 * ```
 */
export function buildEvaluationModel(model: Uint8Array, given: BuildOptions): TrainingModel {
  const options = readOptions(given);
  const source = readSource(model);
  const p = plan(source, options, true);
  const { draft, common } = network(p);
  feedState(draft, p);
  const { outputs } = p.head;
  const named = outputs
    ? { outputs: output(draft, p.b.cast(outputs, DataType.FLOAT), p.names('outputs')) }
    : {};
  return written(draft, source, { ...common, ...metrics(draft, p, p.head.loss), ...named });
}
