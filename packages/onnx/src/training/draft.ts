import { create } from '@bufbuild/protobuf';
import type { Model } from '../format/model.ts';
import {
  type StringStringEntryProto,
  StringStringEntryProtoSchema,
  type ValueInfoProto,
} from '../generated/onnx_pb.ts';
import { declaration } from '../graph/declaration.ts';
import type { Ops } from '../graph/ops.ts';
import { finish } from '../lower/finish.ts';
import type { Target } from '../lower/target.ts';
import type { Names } from './plan.ts';
import type { StateTensor, TrainingModel } from './trainingModel.ts';

/** What the kinds of emitted models have in common while they are put together. */
export interface Draft {
  readonly b: Ops;
  readonly target: Target;
  readonly inputs: ValueInfoProto[];
  readonly outputs: string[];
  readonly state: StateTensor[];
}

/** Declares an input of the model. */
export function input(draft: Draft, name: string, type: number, dims: readonly (number | string)[]): string {
  draft.b.declare(name, type, dims);
  draft.inputs.push(declaration(name, type, dims));
  return name;
}

/** Names a value as an output of the model. */
export function output(draft: Draft, value: string, name: string): string {
  draft.b.emitAs('Identity', [value], {}, name);
  draft.outputs.push(name);
  return name;
}

/** Gives a state tensor the output that replaces it. */
export function replace(draft: Draft, inputName: string, value: string, names: Names): void {
  const at = draft.state.findIndex((tensor) => tensor.input === inputName);
  const name = output(draft, value, names(`next.${inputName}`));
  draft.state[at] = { ...(draft.state[at] as StateTensor), output: name };
}

/** The layout of the vectors, written into the file for whoever runs it without this package. */
function metadata(state: readonly StateTensor[]): StringStringEntryProto[] {
  const layout = state.map(({ role, input: name, output: next, parts }) => ({
    role,
    input: name,
    output: next,
    parts,
  }));
  return [create(StringStringEntryProtoSchema, { key: 'clr.state', value: JSON.stringify(layout) })];
}

/** The finished model. */
export function written(
  draft: Draft,
  model: Model,
  rest: Omit<TrainingModel, 'bytes' | 'state' | 'elements' | 'places'>,
): TrainingModel {
  const { b, target, inputs, outputs, state } = draft;
  const stored = state.filter(({ role }) => role === 'parameters' || role === 'buffers');
  const places = Object.fromEntries(
    stored.flatMap(({ parts }) => parts.map(({ name }) => [name, model.stored?.get(name)?.place ?? ''])),
  );
  return { ...finish(b, target, model.proto, inputs, outputs, metadata(state)), state, places, ...rest };
}
