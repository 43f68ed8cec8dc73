import { readdirSync, readFileSync } from 'node:fs';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { makeAttribute } from '../../src/format/attributes.ts';
import { isHalf, widen } from '../../src/format/half.ts';
import { dimsOf, makeTensor, numbersOf } from '../../src/format/tensor.ts';
import {
  type AttributeProto,
  TensorProto_DataType as DataType,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  type ValueInfoProto,
} from '../../src/generated/onnx_pb.ts';
import { declaration } from '../../src/graph/declaration.ts';

/** A float input of a test that becomes a weight. */
export interface Weight {
  readonly name: string;
  /** FLOAT or DOUBLE. A 16-bit input becomes a float32 weight followed by a Cast. */
  readonly type: number;
  readonly dims: readonly number[];
  readonly values: readonly number[];
}

/** The weights' values by name. */
export type Values = ReadonlyMap<string, readonly number[]>;

/** The factors of each output's elements in the loss, by name. */
export type Factors = ReadonlyMap<
  string,
  { readonly dims: readonly number[]; readonly values: readonly number[] }
>;

/** One backend test. Float inputs of the model are weights, its other inputs constants. */
export interface BackendTest {
  readonly name: string;
  /** The operator of a test with a single node; `several` for other tests. */
  readonly operator: string;
  readonly weights: readonly Weight[];
  /** The float outputs. Each element of a list counts as an output. */
  readonly outputs: readonly string[];
  /** Whether the model computes in 16 bits, so that differences need wide steps. */
  readonly half: boolean;
  /** The model with the weights as its inputs. */
  readonly forward: Uint8Array;
  /**
   * The expected outputs, if the model's opset is below 7. The model is then read as opset 7, which may change its
   * meaning.
   */
  readonly expected: readonly (readonly number[])[] | undefined;
  /** The model with the weights as initializers of the given values, and the output `loss`, Σ factor · output. */
  loss(factors: Factors, values: Values): Uint8Array;
}

/** Inputs that determine shapes or random numbers. They are held constant. */
const structural: Readonly<Record<string, readonly number[]>> = {
  Resize: [1, 2],
  Upsample: [1],
  Dropout: [1],
  OneHot: [1],
};

/**
 * Inputs that hold running statistics. clr never trains stored statistics, but gives gradients for computed ones. So
 * the weights are the negated statistics, and a Neg computes the statistics from them.
 */
const statistics: Readonly<Record<string, readonly number[]>> = { BatchNormalization: [3, 4] };

/** A weight that is part of every loss, so that every model has a parameter. */
export const probe = 'judge:probe';

const isFloat = (type: number): boolean =>
  type === DataType.FLOAT || type === DataType.DOUBLE || isHalf(type);

/** The tensors of a list: field 3 of onnx-data.proto's SequenceProto. */
function listOf(bytes: Uint8Array): TensorProto[] {
  const reader = new BinaryReader(bytes);
  const tensors: TensorProto[] = [];
  while (reader.pos < reader.len) {
    const [field, wire] = reader.tag();
    if (field === 3 && wire === WireType.LengthDelimited) {
      tensors.push(fromBinary(TensorProtoSchema, reader.bytes()));
    } else reader.skip(wire, field);
  }
  return tensors;
}

/** The content of an OptionalProto: a tensor (field 3) or a list (field 5). */
function optionalOf(bytes: Uint8Array): TensorProto | TensorProto[] | undefined {
  const reader = new BinaryReader(bytes);
  let found: TensorProto | TensorProto[] | undefined;
  while (reader.pos < reader.len) {
    const [field, wire] = reader.tag();
    if (field === 3) found = fromBinary(TensorProtoSchema, reader.bytes());
    else if (field === 5) found = listOf(reader.bytes());
    else reader.skip(wire, field);
  }
  return found;
}

const castsToHalf = (nodes: readonly NodeProto[]): boolean =>
  nodes.some(({ opType, attribute }) => opType === 'Cast' && attribute.some(({ i }) => isHalf(Number(i))));

function contentOf(info: ValueInfoProto, bytes: Uint8Array): TensorProto | TensorProto[] | undefined {
  const kind = info.type?.value.case;
  if (kind === 'optionalType') return optionalOf(bytes);
  return kind === 'sequenceType' ? listOf(bytes) : fromBinary(TensorProtoSchema, bytes);
}

function valuesOf(tensor: TensorProto): number[] {
  if (!isHalf(tensor.dataType)) return numbersOf(tensor) ?? [];
  const { rawData } = tensor;
  const view = new DataView(rawData.buffer, rawData.byteOffset, rawData.byteLength);
  const bits =
    rawData.length > 0
      ? Array.from({ length: rawData.length / 2 }, (_, i) => view.getUint16(2 * i, true))
      : tensor.int32Data;
  return Array.from(widen(bits, tensor.dataType));
}

const nodeOf = (op: string, input: string[], output: string[], attribute: AttributeProto[] = []): NodeProto =>
  create(NodeProtoSchema, { opType: op, name: `judge:${output[0]}`, input, output, attribute });

/**
 * Reads a test's model and data.
 *
 * @returns the test, or the reason why it cannot judge gradients
 */
export function readTest(folder: string, name: string): BackendTest | string {
  const proto = fromBinary(ModelProtoSchema, readFileSync(`${folder}/model.onnx`));
  const { graph } = proto;
  if (!graph) return 'no graph';
  const data = `${folder}/test_data_set_0`;
  const files = new Set(readdirSync(data));
  const stored = new Set(graph.initializer.map((tensor) => tensor.name));
  const before: NodeProto[] = [];
  const after: NodeProto[] = [];
  const weights: Weight[] = [];
  const constants: TensorProto[] = [];

  const at = (inputs: typeof structural): Set<string> =>
    new Set(graph.node.flatMap(({ opType, input }) => (inputs[opType] ?? []).map((i) => input[i] ?? '')));
  const held = at(structural);
  const computed = at(statistics);
  /** Adds a tensor to the model as a named weight or constant. */
  const take = (tensor: TensorProto, as: string, constant: boolean): void => {
    if (constant || !isFloat(tensor.dataType)) {
      tensor.name = as;
      constants.push(tensor);
      return;
    }
    const half = isHalf(tensor.dataType);
    if (half) before.push(nodeOf('Cast', [`${as}:wide`], [as], [makeAttribute('to', tensor.dataType)]));
    if (computed.has(as)) {
      before.push(nodeOf('Neg', [`${as}:negative`], [as]));
      const values = valuesOf(tensor).map((value) => -value);
      weights.push({ name: `${as}:negative`, type: tensor.dataType, dims: dimsOf(tensor), values });
      return;
    }
    weights.push({
      name: half ? `${as}:wide` : as,
      type: half ? DataType.FLOAT : tensor.dataType,
      dims: dimsOf(tensor),
      values: valuesOf(tensor),
    });
  };
  const takeList = (list: readonly TensorProto[], as: string): void => {
    list.forEach((tensor, i) => {
      take(tensor, `${as}:${i}`, false);
    });
    const names = list.map((_, i) => `${as}:${i}`);
    before.push(nodeOf(names.length > 0 ? 'SequenceConstruct' : 'SequenceEmpty', names, [as]));
  };

  let file = 0;
  for (const info of graph.input) {
    if (stored.has(info.name)) continue;
    const path = `input_${file++}.pb`;
    if (!files.has(path)) return 'no data for an input';
    const content = contentOf(info, readFileSync(`${data}/${path}`));
    const optional = info.type?.value.case === 'optionalType';
    const as = optional ? `${info.name}:held` : info.name;
    if (content === undefined) return 'an optional input without a value';
    if (Array.isArray(content)) takeList(content, as);
    else take(content, as, held.has(info.name));
    if (optional) before.push(nodeOf('Optional', [as], [info.name]));
  }

  const outputs: string[] = [];
  const expected: number[][] = [];
  graph.output.forEach((info, i) => {
    const path = `output_${i}.pb`;
    if (!files.has(path)) return;
    let content = contentOf(info, readFileSync(`${data}/${path}`));
    let value = info.name;
    if (info.type?.value.case === 'optionalType') {
      value = `${value}:held`;
      after.push(nodeOf('OptionalGetElement', [info.name], [value]));
    }
    if (Array.isArray(content)) {
      content.forEach((tensor, k) => {
        if (!isFloat(tensor.dataType)) return;
        const at = makeTensor(`${value}:at:${k}`, DataType.INT64, [], [k]);
        constants.push(at);
        after.push(nodeOf('SequenceAt', [value, at.name], [`${value}:${k}`]));
        outputs.push(`${value}:${k}`);
      });
      content = undefined;
    }
    if (!content || Array.isArray(content) || !isFloat(content.dataType)) return;
    outputs.push(value);
    expected.push(valuesOf(content));
  });
  // All outputs are cast to float64, because JavaScript cannot read 16-bit floats.
  const wide = outputs.map((output) => `${output}:float`);
  outputs.forEach((output, i) => {
    const types = [makeAttribute('to', DataType.DOUBLE)];
    after.push(nodeOf('Cast', [output], [wide[i] as string], types));
  });

  if (weights.length === 0) return 'no float input';
  if (outputs.length === 0) return 'no float output';
  const nodes = [...before, ...graph.node, ...after];
  const oldest = 7n;
  const versionOf = (model: ModelProto) =>
    model.opsetImport.find(({ domain }) => domain === '' || domain === 'ai.onnx');
  const isOld = (versionOf(proto)?.version ?? oldest) < oldest;
  const write = (
    change: (model: ModelProto, graph: NonNullable<ModelProto['graph']>) => void,
  ): Uint8Array => {
    const model = fromBinary(ModelProtoSchema, toBinary(ModelProtoSchema, proto));
    const own = model.graph as NonNullable<ModelProto['graph']>;
    own.node = [...nodes];
    own.input = own.input.filter((info) => stored.has(info.name));
    own.initializer.push(...constants);
    const version = versionOf(model);
    if (!version) model.opsetImport.push(create(OperatorSetIdProtoSchema, { domain: '', version: 15n }));
    else if (isOld) version.version = oldest;
    change(model, own);
    return toBinary(ModelProtoSchema, model);
  };
  const inputs = weights.map((weight) => declaration(weight.name, weight.type, weight.dims));
  return {
    name,
    operator: graph.node.length === 1 ? (graph.node[0]?.opType ?? '') : 'several',
    weights,
    outputs: wide,
    half: before.some(({ opType }) => opType === 'Cast') || castsToHalf(graph.node),
    forward: write((_model, own) => {
      own.input.push(...inputs);
      own.output = wide.map((output) => declaration(output, DataType.DOUBLE, undefined));
    }),
    expected: isOld ? expected : undefined,
    loss: (factors, at) =>
      write((_model, own) => {
        const terms: string[] = [];
        for (const [output, { dims, values }] of factors) {
          own.initializer.push(makeTensor(`${output}:factor`, DataType.DOUBLE, dims, values));
          own.node.push(nodeOf('Mul', [output, `${output}:factor`], [`${output}:product`]));
          const attributes = [makeAttribute('keepdims', 0)];
          own.node.push(nodeOf('ReduceSum', [`${output}:product`], [`${output}:term`], attributes));
          terms.push(`${output}:term`);
        }
        own.initializer.push(makeTensor(probe, DataType.DOUBLE, [], [1]));
        for (const { name: weight, type, dims } of weights)
          own.initializer.push(makeTensor(weight, type, dims, at.get(weight) ?? []));
        own.node.push(nodeOf('Sum', [...terms, probe], ['judge:loss']));
        own.output = [declaration('judge:loss', DataType.DOUBLE, [])];
      }),
  };
}
