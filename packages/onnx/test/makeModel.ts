import { create } from '@bufbuild/protobuf';
import { type AttributeValue, makeAttribute } from '../src/format/attributes.ts';
import { writeModel } from '../src/format/model.ts';
import { makeTensor } from '../src/format/tensor.ts';
import {
  type AttributeProto,
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  type TensorProto,
} from '../src/generated/onnx_pb.ts';
import { declaration } from '../src/graph/declaration.ts';
import type { Dim } from '../src/graph/dim.ts';

/** A node as a test writes it. */
export interface NodeSpec {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  readonly extra?: readonly AttributeProto[];
  readonly domain?: string;
  readonly name?: string;
}

/** A value declared as the graph's input or output. */
export interface ValueSpec {
  readonly name: string;
  readonly type: number;
  readonly dims: readonly Dim[] | undefined;
}

/** A stored tensor. */
export interface InitializerSpec {
  readonly name: string;
  readonly type: number;
  readonly dims: readonly number[];
  readonly values: readonly number[] | Float32Array;
}

export interface ModelSpec {
  readonly opset?: number;
  /** The versions of other domains, by domain. */
  readonly domains?: Readonly<Record<string, number>>;
  readonly nodes: readonly NodeSpec[];
  readonly inputs?: readonly ValueSpec[];
  readonly outputs: readonly ValueSpec[];
  /** Declared shapes of values in between. */
  readonly values?: readonly ValueSpec[];
  readonly initializers?: readonly InitializerSpec[];
  /** Further stored tensors, as they are. */
  readonly tensors?: readonly TensorProto[];
}

const irOf = (opset: number): bigint => (opset < 15 ? 7n : opset < 19 ? 8n : opset < 21 ? 9n : 10n);

export function makeNode({
  op,
  inputs,
  outputs,
  attributes = {},
  extra = [],
  domain = '',
  name = '',
}: NodeSpec): NodeProto {
  return create(NodeProtoSchema, {
    opType: op,
    // Exporters omit empty fields.
    ...(domain === '' ? {} : { domain }),
    ...(name === '' ? {} : { name }),
    input: [...inputs],
    output: [...outputs],
    attribute: [...Object.entries(attributes).map(([key, value]) => makeAttribute(key, value)), ...extra],
  });
}

/** An ONNX file made of plain data. */
export function makeModel({
  opset = 18,
  domains = {},
  nodes,
  inputs = [],
  outputs,
  values = [],
  initializers = [],
  tensors = [],
}: ModelSpec): Uint8Array {
  const value = ({ name, type, dims }: ValueSpec) => declaration(name, type, dims);
  return writeModel(
    create(ModelProtoSchema, {
      irVersion: irOf(opset),
      opsetImport: Object.entries({ '': opset, ...domains }).map(([domain, version]) =>
        create(OperatorSetIdProtoSchema, { domain, version: BigInt(version) }),
      ),
      graph: create(GraphProtoSchema, {
        name: 'test',
        node: nodes.map(makeNode),
        input: inputs.map(value),
        output: outputs.map(value),
        valueInfo: values.map(value),
        initializer: [
          ...initializers.map(({ name, type, dims, values }) => makeTensor(name, type, dims, values)),
          ...tensors,
        ],
      }),
    }),
  );
}
