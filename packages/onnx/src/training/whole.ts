import { fail } from '../errors.ts';
import { DataType } from '../format/dataType.ts';
import { importedOpset, type Model } from '../format/model.ts';
import type { TensorProto, ValueInfoProto } from '../generated/onnx_pb.ts';
import { differentiate } from '../gradients/differentiate.ts';
import { declaration } from '../graph/declaration.ts';
import type { SizedModel } from '../read/sizes.ts';
import { appendUpdate } from './appendUpdate.ts';
import { type Bucket, pack, readBucket } from './buckets.ts';
import { type Draft, input, replace } from './draft.ts';
import type { HyperNames } from './hyperInputs.ts';
import { nanUnlessFinite } from './notFinite.ts';
import type { BuildOptions } from './options.ts';
import { type Plan, plan } from './plan.ts';
import { recompute } from './recompute.ts';
import { updateOf } from './updates/updateOf.ts';

/** A graph with all its inputs, outputs and state. It is not yet lowered for a target. */
interface Graphed extends Draft {
  readonly plan: Plan;
  /** The mean loss as a float32 scalar. */
  readonly loss: string;
  readonly accuracy: string | undefined;
}

/** The forward pass in inference mode. */
export interface Inference extends Graphed {
  /** The model's outputs in float32, unless it computes its own loss. */
  readonly answers: string | undefined;
}

/** The forward pass, the backward pass and the update. */
export interface Whole extends Graphed {
  /** The loss, or NaN if a parameter or running statistic after the step is not finite. */
  readonly checkedLoss: string;
  /** The loss, or NaN if a running statistic after the step is not finite. */
  readonly gradientLoss: string;
  /** 0, or NaN if a parameter after the step is not finite. */
  readonly spoiled: string;
  /** As `spoiled`, but for each vector of parameters separately. */
  readonly spoils: readonly string[];
  /** The vectors of gradients, and the names of the update's inputs for them. */
  readonly gradients: readonly { readonly value: string; readonly name: string; readonly bucket: Bucket }[];
  /** The number of the model's nodes through which gradients flow. */
  readonly backward: { readonly nodes: number; readonly of: number };
  readonly hyper: HyperNames;
  /** The inputs that only the update reads: rates and slots. */
  readonly updateInputs: readonly ValueInfoProto[];
}

const byName = (tensors: readonly TensorProto[]): Map<string, TensorProto> =>
  new Map(tensors.map((tensor) => [tensor.name, tensor]));

/**
 * A draft with the inputs that training and inference models share: data, `rngStep` (if the network needs it), targets,
 * parameters and running statistics.
 */
function network(p: Plan): Draft {
  const draft: Draft = { b: p.b, inputs: [...p.inputs], outputs: [], state: [] };
  if (p.rngStep) input(draft, p.rngStep, DataType.INT64, []);
  for (const { name, type, dims } of p.head.targets) draft.inputs.push(declaration(name, type, dims));
  feedState(draft, p);
  return draft;
}

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

/** The gradients of all parameters, bucket by bucket, and the extent of the backward pass. */
function gradientVectors(
  p: Plan,
  model: Model,
  options: BuildOptions,
): { vectors: string[]; backward: { nodes: number; of: number } } {
  const opsetOf = (domain: string): number => importedOpset(model, domain);
  const sources = p.parameters.map(({ name }) => name);
  let nodes = 0;
  const last = p.b.nodes.at(-1);
  const gradients = differentiate(p.b, p.nodes, p.head.seeds, sources, opsetOf, () => {
    nodes += 1;
  });
  const still = options.trainable && sources.find((name) => !gradients.has(name));
  if (still !== undefined) {
    throw fail(
      'a gradient for every parameter that `trainable` names',
      `"${still}": the derivative of the loss is 0 everywhere`,
      'Leave it out of `trainable`, or export the model so that the loss depends on it.',
    );
  }
  if (options.checkpoint) {
    const data = [...p.inputs, ...p.head.targets].map(({ name }) => name);
    const forward = last ? p.b.nodes.indexOf(last) + 1 : 0;
    recompute(p.b, [...data, ...(p.rngStep ? [p.rngStep] : [])], forward, gradients.values());
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

/** Loss and accuracy in float32. */
function metrics({ b, head }: Plan): Pick<Graphed, 'loss' | 'accuracy'> {
  const scalar = (value: string): string => b.writtenFor('the loss', () => b.cast(value, DataType.FLOAT));
  return { loss: scalar(head.loss), accuracy: head.accuracy && scalar(head.accuracy) };
}

/** The new values of the state vectors with these roles. `nanUnlessFinite` checks them for NaN and infinity. */
function successors({ outputs, state }: Draft, roles: readonly string[]): string[] {
  const values = new Map(outputs.map(({ name, value }) => [name, value]));
  return state.flatMap(({ role, output }) =>
    output !== undefined && roles.includes(role) ? [values.get(output) as string] : [],
  );
}

/** The graph for training. */
export function buildWhole(source: SizedModel, options: BuildOptions): Whole {
  const update = updateOf(options.optimizer);
  const p = plan(source, options, false);
  const { b, names } = p;
  const draft = network(p);
  const { vectors, backward } = gradientVectors(p, source, options);
  const gradients = vectors.map((value, i) => {
    const bucket = p.buckets[i] as Bucket;
    return { value, name: b.declare(names(`gradients.${i}`), bucket.type, [bucket.length]), bucket };
  });
  const mark = draft.inputs.length;
  const hyper = b.writtenFor("the optimizer's update", () =>
    appendUpdate(
      draft,
      p.buckets,
      gradients.map(({ name }) => name),
      options,
      update,
      names,
    ),
  );
  const next = new Map(p.buffers.map((buffer) => [buffer.tensor.name, buffer.next]));
  p.bufferBuckets.forEach((bucket, i) => {
    const values = bucket.parts.map(({ name }) => next.get(name) as string);
    b.writtenFor('the running statistics', () =>
      replace(draft, names(`buffers.${i}`), pack(b, values), names),
    );
  });
  const { loss, accuracy } = metrics(p);
  const checks = b.writtenFor('the loss', () => {
    const statistics = successors(draft, ['buffers']);
    return {
      checkedLoss: b.add(loss, nanUnlessFinite(b, successors(draft, ['parameters', 'buffers']))),
      gradientLoss: statistics.length > 0 ? b.add(loss, nanUnlessFinite(b, statistics)) : loss,
      spoiled: nanUnlessFinite(b, successors(draft, ['parameters'])),
      spoils: successors(draft, ['parameters']).map((vector) => nanUnlessFinite(b, [vector])),
    };
  });
  const updateInputs = draft.inputs.splice(mark);
  return {
    ...draft,
    plan: p,
    loss,
    accuracy,
    ...checks,
    gradients,
    backward,
    hyper,
    updateInputs,
  };
}

/** The graph for evaluation. */
export function buildInference(source: SizedModel, options: BuildOptions): Inference {
  const p = plan(source, options, true);
  const { outputs } = p.head;
  const draft = network(p);
  const answers = outputs && p.b.cast(outputs, DataType.FLOAT);
  return { ...draft, plan: p, ...metrics(p), answers };
}
