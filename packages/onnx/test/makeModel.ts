import { create } from '@bufbuild/protobuf';
import { type AttributeValue, makeAttribute } from '../src/format/attributes.ts';
import { writeModel } from '../src/format/model.ts';
import { makeTensor } from '../src/format/tensor.ts';
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  FunctionProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  type TensorProto,
} from '../src/generated/onnx_pb.ts';
import { declaration } from '../src/graph/declaration.ts';
import type { Dim } from '../src/graph/dim.ts';

/** A node in the notation of the tests. */
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
  /** The opsets of other domains, by domain. */
  readonly domains?: Readonly<Record<string, number>>;
  readonly nodes: readonly NodeSpec[];
  readonly inputs?: readonly ValueSpec[];
  readonly outputs: readonly ValueSpec[];
  /** Declared shapes of intermediate values. */
  readonly values?: readonly ValueSpec[];
  readonly initializers?: readonly InitializerSpec[];
  /** Further stored tensors, used unchanged. */
  readonly tensors?: readonly TensorProto[];
  /** The model's own functions, in domain `own`. */
  readonly functions?: readonly FunctionSpec[];
}

/** A function that a model defines. */
export interface FunctionSpec {
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly nodes: readonly NodeSpec[];
}

/** A Constant node. */
export function constantNode({ name, type, dims, values }: InitializerSpec): NodeSpec {
  const value = makeTensor('', type, dims, values);
  return {
    op: 'Constant',
    inputs: [],
    outputs: [name],
    extra: [create(AttributeProtoSchema, { name: 'value', type: AttributeType.TENSOR, t: value })],
  };
}

/** Makes an attribute from a graph: a branch or a loop's body. */
export function graphAttribute(
  name: string,
  { nodes, inputs = [], outputs, initializers = [] }: ModelSpec,
): AttributeProto {
  const g = create(GraphProtoSchema, {
    name,
    node: nodes.map(makeNode),
    input: inputs.map((input) => declaration(input.name, input.type, input.dims)),
    output: outputs.map((output) => declaration(output.name, output.type, output.dims)),
    initializer: initializers.map((item) => makeTensor(item.name, item.type, item.dims, item.values)),
  });
  return create(AttributeProtoSchema, { name, type: AttributeType.GRAPH, g });
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

/** Makes an ONNX file from plain data. */
export function makeModel({
  opset = 18,
  domains = {},
  nodes,
  inputs = [],
  outputs,
  values = [],
  initializers = [],
  tensors = [],
  functions = [],
}: ModelSpec): Uint8Array {
  const versions = Object.entries({ '': opset, ...domains, ...(functions.length > 0 ? { own: 1 } : {}) });
  const imports = versions.map(([domain, version]) =>
    create(OperatorSetIdProtoSchema, { domain, version: BigInt(version) }),
  );
  const value = ({ name, type, dims }: ValueSpec) => declaration(name, type, dims);
  return writeModel(
    create(ModelProtoSchema, {
      irVersion: irOf(opset),
      opsetImport: imports,
      functions: functions.map(({ name, inputs: input, outputs: output, nodes: body }) =>
        create(FunctionProtoSchema, {
          domain: 'own',
          name,
          input: [...input],
          output: [...output],
          node: body.map(makeNode),
          opsetImport: imports,
        }),
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
