import { typeName } from '../format/dataType.ts';
import { graphHash } from '../format/graphHash.ts';
import { writeModel } from '../format/model.ts';
import type { TensorProto, ValueInfoProto } from '../generated/onnx_pb.ts';
import { declaration } from '../graph/declaration.ts';
import type { Target } from '../loss/target.ts';
import { finish, type Output } from '../lower/finish.ts';
import type { Lowered } from '../lower/lower.ts';
import { layoutOf } from './draft.ts';
import type { Plan } from './plan.ts';
import type { Prepared, TargetKind } from './prepare.ts';
import { takeWeights } from './takeWeights.ts';
import type { StateTensor, TargetInfo, TensorInfo, TrainingModel } from './trainingModel.ts';
import type { Inference, Whole } from './whole.ts';

/** Describes an input with the graph's own dims, so that a target can refer to the same unnamed dynamic axis. */
function infoOf({ b }: Plan, { name }: ValueInfoProto): TensorInfo {
  return { name, type: typeName(b.type(name).type), dims: b.dims(name) };
}

/** The description that a batch's target is checked against. */
function targetInfo({ name, type, dims, classes, axis, ignored, classWeights, others }: Target): TargetInfo {
  return {
    name,
    type: typeName(type),
    dims,
    ...(typeof classes === 'number' ? { classes } : {}),
    ...(axis === undefined ? {} : { axis }),
    ...(ignored === undefined ? {} : { ignored }),
    ...(classWeights ? { classWeights } : {}),
    ...(others && others.length > 0 ? { others } : {}),
  };
}

/** The fields that are common to all models that contain the network. */
function common(p: Plan): Pick<TrainingModel, 'data' | 'targets' | 'untrained' | 'rngStep'> {
  const { inputs, head, rngStep, untrained } = p;
  return {
    data: inputs.map((info) => infoOf(p, info)),
    targets: head.targets.map(targetInfo),
    untrained,
    ...(rngStep ? { rngStep } : {}),
  };
}

/** An emitted model, with the frozen weights that it takes as inputs. */
export interface Written extends TrainingModel {
  readonly fed: readonly TensorProto[];
}

/** The parts of a graph that a model consists of. */
interface Parts {
  readonly inputs: readonly ValueInfoProto[];
  readonly outputs: readonly Output[];
  readonly state: readonly StateTensor[];
  readonly aliases?: ReadonlyMap<string, string>;
}

/** Emits the part of a graph that the given outputs depend on. */
function written(
  { source, feedsWeights }: Prepared,
  { b, nodes, standIn }: (Whole | Inference) & Lowered,
  { inputs, outputs, state, aliases = new Map() }: Parts,
  rest: Omit<TrainingModel, 'bytes' | 'elements' | 'state' | 'places'>,
): Written {
  const stored = state.filter(({ role }) => role === 'parameters' || role === 'buffers');
  const { proto, elements } = finish({
    b,
    nodes,
    aliases,
    source: source.proto,
    inputs,
    outputs: outputs.map(({ value, name }) => ({ value: standIn(value), name })),
    metadata: layoutOf(state),
  });
  const places = stored.flatMap(({ parts }) =>
    parts.map(({ name }) => [name, source.stored?.get(name)?.place ?? '']),
  );
  const fed = feedsWeights && proto.graph ? takeWeights(proto.graph) : [];
  return { bytes: writeModel(proto), fed, elements, state, places: Object.fromEntries(places), ...rest };
}

/** The outputs for loss and accuracy, and their names. */
function metrics(
  { plan: { names }, accuracy }: Whole | Inference,
  loss: string,
): { outputs: Output[]; named: Pick<TrainingModel, 'loss' | 'accuracy'> } {
  const outputs = [{ value: loss, name: names('loss') }];
  if (accuracy) outputs.push({ value: accuracy, name: names('accuracy') });
  return { outputs, named: { loss: names('loss'), ...(accuracy ? { accuracy: names('accuracy') } : {}) } };
}

/** State tensors that a model reads and does not change. */
const unchanged = (state: readonly StateTensor[], ...roles: readonly string[]): StateTensor[] =>
  state.filter(({ role }) => roles.includes(role)).map(({ output: _, ...rest }) => rest);

const outputsOf = ({ outputs }: Whole, state: readonly StateTensor[]): Output[] =>
  outputs.filter(({ name }) => state.some(({ output }) => output === name));

/** Emits one training step: the whole graph. */
export function emitStep(prepared: Prepared, target?: TargetKind): Written {
  const whole = prepared.whole(target);
  const { inputs, updateInputs, outputs, state, gradients, standIn, backward, hyper } = whole;
  const { outputs: first, named } = metrics(whole, whole.checkedLoss);
  return written(
    prepared,
    whole,
    {
      inputs: [...inputs, ...updateInputs],
      outputs: [...first, ...outputs],
      state,
      aliases: new Map(gradients.map(({ name, value }) => [name, standIn(value)])),
    },
    { graph: graphHash(prepared.source.graph), backward, ...common(whole.plan), ...named, ...hyper },
  );
}

const vectorsOf = ({ gradients }: Whole): NonNullable<TrainingModel['gradients']> =>
  gradients.map(({ name, bucket }) => ({ name, parts: bucket.parts }));

/** Emits the step without the update, with the gradients as outputs. */
export function emitGradients(prepared: Prepared, target?: TargetKind): Written {
  const whole = prepared.whole(target);
  const { inputs, gradients, backward } = whole;
  const statistics = whole.state.filter(({ role }) => role === 'buffers');
  const { outputs, named } = metrics(whole, whole.gradientLoss);
  return written(
    prepared,
    whole,
    {
      inputs,
      outputs: [...outputs, ...gradients, ...outputsOf(whole, statistics)],
      state: [...unchanged(whole.state, 'parameters'), ...statistics],
    },
    { backward, ...common(whole.plan), ...named, gradients: vectorsOf(whole) },
  );
}

/**
 * Emits only the update, for all vectors of parameters or for some. The gradients are inputs.
 *
 * @param buckets - the indices of the vectors. Default: all. `clipNorm` needs all, for the norm of all gradients.
 */
export function emitUpdate(prepared: Prepared, target?: TargetKind, buckets?: readonly number[]): Written {
  const whole = prepared.whole(target);
  const { inputs, hyper, plan } = whole;
  const gradients = buckets
    ? buckets.map((i) => whole.gradients[i] as Whole['gradients'][number])
    : whole.gradients;
  const parts = new Set(gradients.map(({ bucket }) => bucket.parts));
  const state = whole.state.filter((tensor) => tensor.role !== 'buffers' && parts.has(tensor.parts));
  const own = new Set(state.map(({ input }) => input));
  const slots = new Set(whole.state.map(({ input }) => input));
  const updateInputs = whole.updateInputs.filter(({ name }) => own.has(name) || !slots.has(name));
  const parameters = inputs.filter(({ name }) => own.has(name));
  const vectors = gradients.map(({ name, bucket }) => declaration(name, bucket.type, [bucket.length]));
  const spoils = (buckets ?? []).map((i) => ({
    value: whole.spoils[i] as string,
    name: plan.names(`spoiled.${i}`),
  }));
  const spoiled = { value: whole.spoiled, name: plan.names('spoiled') };
  return written(
    prepared,
    whole,
    {
      inputs: [...parameters, ...vectors, ...updateInputs],
      outputs: [...outputsOf(whole, state), ...(buckets ? spoils : [spoiled])],
      state,
    },
    {
      data: [],
      targets: [],
      untrained: plan.untrained,
      gradients: gradients.map(({ name, bucket }) => ({ name, parts: bucket.parts })),
      ...(buckets ? { spoils: spoils.map(({ name }) => name) } : { spoiled: spoiled.name }),
      ...hyper,
    },
  );
}

/** Emits loss and outputs in inference mode. */
export function emitEvaluation(prepared: Prepared, target?: TargetKind): Written {
  const inference = prepared.inference(target);
  const { inputs, state, answers, plan } = inference;
  const { outputs, named } = metrics(inference, inference.loss);
  const name = plan.names('outputs');
  return written(
    prepared,
    inference,
    {
      inputs,
      outputs: answers ? [...outputs, { value: answers, name }] : outputs,
      state: unchanged(state, 'parameters', 'buffers'),
    },
    { ...common(plan), ...named, ...(answers ? { outputs: name } : {}) },
  );
}
