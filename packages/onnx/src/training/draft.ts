import { create } from '@bufbuild/protobuf';
import {
  type StringStringEntryProto,
  StringStringEntryProtoSchema,
  type ValueInfoProto,
} from '../generated/onnx_pb.ts';
import { declaration } from '../graph/declaration.ts';
import type { Ops } from '../graph/ops.ts';
import type { Output } from '../lower/finish.ts';
import type { Names } from './plan.ts';
import type { StateTensor } from './trainingModel.ts';

/** The parts of a model under construction. */
export interface Draft {
  readonly b: Ops;
  readonly inputs: ValueInfoProto[];
  readonly outputs: Output[];
  readonly state: StateTensor[];
}

/** Declares an input of the model. */
export function input(draft: Draft, name: string, type: number, dims: readonly (number | string)[]): string {
  draft.b.declare(name, type, dims);
  draft.inputs.push(declaration(name, type, dims));
  return name;
}

/** Makes a value an output of the model with this name. */
export function output(draft: Draft, value: string, name: string): string {
  draft.outputs.push({ value, name });
  return name;
}

/** Declares the output with the next value of a state tensor. */
export function replace(draft: Draft, inputName: string, value: string, names: Names): void {
  const at = draft.state.findIndex((tensor) => tensor.input === inputName);
  const name = output(draft, value, names(`next.${inputName}`));
  draft.state[at] = { ...(draft.state[at] as StateTensor), output: name };
}

/** Metadata with the layout of the vectors, for runtimes without this package. */
export function layoutOf(state: readonly StateTensor[]): StringStringEntryProto[] {
  const layout = state.map(({ role, input: name, output: next, parts }) => ({
    role,
    input: name,
    output: next,
    parts,
  }));
  return [create(StringStringEntryProtoSchema, { key: 'clr.state', value: JSON.stringify(layout) })];
}
