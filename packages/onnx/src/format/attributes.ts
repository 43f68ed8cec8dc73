import { create } from '@bufbuild/protobuf';
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  type GraphProto,
  type NodeProto,
  type TensorProto,
} from '../generated/onnx_pb.ts';
import { int64 } from './int64.ts';

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** An attribute by name. */
export function attribute(node: NodeProto, name: string): AttributeProto | undefined {
  return node.attribute.find((candidate) => candidate.name === name);
}

/** An integer attribute, or the operator's default. */
export function int(node: NodeProto, name: string, preset: number): number {
  const found = attribute(node, name);
  return found ? Number(found.i) : preset;
}

/** A float attribute, or the operator's default. */
export function float(node: NodeProto, name: string, preset: number): number {
  return attribute(node, name)?.f ?? preset;
}

/** A list of integers, or `undefined` when the attribute is absent. */
export function ints(node: NodeProto, name: string): number[] | undefined {
  return attribute(node, name)?.ints.map(Number);
}

/** A list of floats, or `undefined` when the attribute is absent. */
export function floats(node: NodeProto, name: string): number[] | undefined {
  return attribute(node, name)?.floats;
}

/** A string attribute, or the operator's default. */
export function text(node: NodeProto, name: string, preset: string): string {
  const found = attribute(node, name);
  return found ? decoder.decode(found.s) : preset;
}

/** A list of strings, or `undefined` when the attribute is absent. */
export function texts(node: NodeProto, name: string): string[] | undefined {
  return attribute(node, name)?.strings.map((bytes) => decoder.decode(bytes));
}

/** A tensor attribute. */
export function tensor(node: NodeProto, name: string): TensorProto | undefined {
  return attribute(node, name)?.t;
}

/** A graph attribute. */
export function subgraph(node: NodeProto, name: string): GraphProto | undefined {
  return attribute(node, name)?.g;
}

/**
 * The value of an attribute of an emitted node. {@link Float} and {@link Floats} mark floats. Plain numbers are
 * integers.
 */
export type AttributeValue = number | string | readonly number[] | readonly string[] | Float | Floats;

/** Marks a number as a float attribute, because ONNX distinguishes 1 from 1.0 and JavaScript does not. */
export interface Float {
  readonly float: number;
}

/** Marks a list of numbers as floats. */
export interface Floats {
  readonly floats: readonly number[];
}

const areTexts = (list: readonly number[] | readonly string[]): list is readonly string[] =>
  typeof list[0] === 'string';

/** Makes an attribute from a plain value. */
export function makeAttribute(name: string, value: AttributeValue): AttributeProto {
  if (typeof value === 'number') {
    return create(AttributeProtoSchema, { name, type: AttributeType.INT, i: int64(value) });
  }
  if (typeof value === 'string') {
    return create(AttributeProtoSchema, { name, type: AttributeType.STRING, s: encoder.encode(value) });
  }
  if ('float' in value) {
    return create(AttributeProtoSchema, { name, type: AttributeType.FLOAT, f: value.float });
  }
  if ('floats' in value) {
    return create(AttributeProtoSchema, { name, type: AttributeType.FLOATS, floats: [...value.floats] });
  }
  if (areTexts(value)) {
    const strings = value.map((item) => encoder.encode(item));
    return create(AttributeProtoSchema, { name, type: AttributeType.STRINGS, strings });
  }
  return create(AttributeProtoSchema, { name, type: AttributeType.INTS, ints: value.map(int64) });
}
