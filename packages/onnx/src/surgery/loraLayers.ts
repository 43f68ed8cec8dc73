import { create } from '@bufbuild/protobuf';
import { fail } from '../errors.ts';
import { float, int } from '../format/attributes.ts';
import { isFloat } from '../format/dataType.ts';
import { describeNode } from '../format/describeNode.ts';
import { type NodeProto, StringStringEntryProtoSchema } from '../generated/onnx_pb.ts';
import { type Operand, operandAt, weightOf } from './findHead.ts';
import type { Opened } from './opened.ts';

/** The kind of a layer: a matrix product, a convolution, or an embedding, which looks up a row for each index. */
export type LoraKind = 'linear' | 'conv' | 'embedding';

/** A layer that can have an adapter. */
export interface LoraTarget {
  readonly kind: LoraKind;
  readonly node: NodeProto;
  readonly weight: Operand;
  /** The module's name as in PyTorch: `encoder.layer.0.query`. */
  readonly module: string;
  readonly inputs: number;
  readonly outputs: number;
  /** The kernel size of a convolution; empty for other layers. */
  readonly kernel: readonly number[];
}

/** A layer with an adapter, as recorded in the file's metadata. */
export interface LoraLayer {
  readonly kind: LoraKind;
  readonly module: string;
  /** The value that the layer computes, now including the adapter. */
  readonly output: string;
  /** The name of the layer's own result, without the adapter. */
  readonly base: string;
  readonly a: string;
  readonly b: string;
}

/** The adapters of a model. */
export interface LoraRecord {
  readonly version: 1;
  readonly rank: number;
  readonly alpha: number;
  readonly layers: readonly LoraLayer[];
}

const key = 'clr.lora';

/** The name of a node's module, from its weight, its bias or its own name. */
function moduleOf(opened: Opened, node: NodeProto, { names }: Operand): string {
  const ending = names.find((name) => /[^.]\.weight$/.test(name));
  if (ending !== undefined) return ending.slice(0, -'.weight'.length);
  const [after] = opened.readers(node.output[0] ?? '');
  const bias =
    after?.node.opType === 'Add' ? after.node.input.find((name) => /[^.]\.bias$/.test(name)) : undefined;
  if (bias !== undefined) return bias.slice(0, -'.bias'.length);
  const path = node.name.split('/').filter((part) => part !== '');
  return path.length > 1 ? path.slice(0, -1).join('.') : (names[0] as string);
}

/** Describes a node as a target of an adapter. The result is undefined if the node cannot have an adapter. */
function targetOf(opened: Opened, node: NodeProto): LoraTarget | undefined {
  if (node.opType === 'Gather' && int(node, 'axis', 0) === 0) {
    const weight = operandAt(opened, node, 0);
    if (weight?.dims.length !== 2 || !isFloat(opened.type(node.input[0] ?? '').type)) return undefined;
    const [inputs = 0, outputs = 0] = weight.dims;
    return {
      kind: 'embedding',
      node,
      weight,
      module: moduleOf(opened, node, weight),
      inputs,
      outputs,
      kernel: [],
    };
  }
  if (node.opType === 'MatMulNBits') {
    const weight = operandAt(opened, node, 1);
    if (!weight) return undefined;
    const [inputs, outputs] = [int(node, 'K', 0), int(node, 'N', 0)];
    return {
      kind: 'linear',
      node,
      weight,
      module: moduleOf(opened, node, weight),
      inputs,
      outputs,
      kernel: [],
    };
  }
  const layer = weightOf(opened, node);
  if (!layer) return undefined;
  const { weight, axis } = layer;
  const plain = int(node, 'group', 1) === 1 && int(node, 'transA', 0) === 0 && float(node, 'alpha', 1) === 1;
  if (!plain || weight.dims.length < 2) return undefined;
  const [outputs, inputs] = axis === 0 ? weight.dims : [weight.dims[1], weight.dims[0]];
  return {
    kind: node.opType === 'Conv' ? 'conv' : 'linear',
    node,
    weight,
    module: moduleOf(opened, node, weight),
    inputs: inputs as number,
    outputs: outputs as number,
    kernel: node.opType === 'Conv' ? weight.dims.slice(2) : [],
  };
}

/** All layers of a model that can have an adapter, in order. */
export function loraTargets(opened: Opened): LoraTarget[] {
  const found = opened.graph.node.flatMap((node) => targetOf(opened, node) ?? []);
  const times = new Map<string, number>();
  return found.map((target) => {
    const time = (times.get(target.module) ?? 0) + 1;
    times.set(target.module, time);
    return time === 1 ? target : { ...target, module: `${target.module}_${time}` };
  });
}

/** The record of a model's adapters. It is undefined if the model has no adapters. */
export function loraOf(opened: Opened): LoraRecord | undefined {
  const text = opened.model.proto.metadataProps.find((entry) => entry.key === key)?.value;
  if (text === undefined) return undefined;
  let record: LoraRecord;
  try {
    record = JSON.parse(text) as LoraRecord;
  } catch {
    record = { version: 1 } as LoraRecord;
  }
  if (record.version !== 1 || !Array.isArray(record.layers)) {
    throw fail(`metadata "${key}" as addLora writes it`, text.slice(0, 60), 'Add the adapters again.');
  }
  return record;
}

/** The record of a model's adapters. Throws if it has none. */
export function requireLora(opened: Opened): LoraRecord {
  const record = loraOf(opened);
  if (record) return record;
  throw fail('a model with adapters, as addLora makes it', 'no adapters', 'Add adapters with addLora first.');
}

/** Records the adapters of a model in its metadata. Without a record, removes the old one. */
export function noteLora(opened: Opened, record: LoraRecord | undefined): void {
  const { proto } = opened.model;
  proto.metadataProps = proto.metadataProps.filter((entry) => entry.key !== key);
  if (!record) return;
  proto.metadataProps.push(create(StringStringEntryProtoSchema, { key, value: JSON.stringify(record) }));
}

/** The node of an adapted layer. */
export function baseNode(opened: Opened, { base, module }: LoraLayer): NodeProto {
  const node = opened.maker(base);
  if (node) return node;
  throw fail(
    `the layer "${module}" with its adapter`,
    `no node that makes "${base}"`,
    'The graph was changed after addLora; add the adapters again.',
  );
}

/** Formats targets for an error message. */
export const listTargets = (targets: readonly LoraTarget[]): string =>
  targets.length === 0
    ? 'none'
    : `${targets
        .slice(0, 8)
        .map(({ module, node }) => `"${module}" of ${describeNode(node)}`)
        .join(', ')}${targets.length > 8 ? `, and ${targets.length - 8} more` : ''}`;
