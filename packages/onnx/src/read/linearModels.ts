import { create } from '@bufbuild/protobuf';
import { attribute, int, makeAttribute, text } from '../format/attributes.ts';
import { DataType } from '../format/dataType.ts';
import { nodeName } from '../format/describeNode.ts';
import { makeTensor } from '../format/tensor.ts';
import {
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProtoSchema,
} from '../generated/onnx_pb.ts';

/** A weight stored in an attribute. */
interface Held {
  readonly tensor: TensorProto;
  /** The index of the attribute. */
  readonly at: number;
}

/** A linear model of `ai.onnx.ml` in standard ONNX operators. */
export interface LinearModel {
  readonly weights: readonly Held[];
  /** Constants that are not trained. */
  readonly constants: readonly TensorProto[];
  readonly nodes: readonly NodeProto[];
}

/** The operator after the matrix product, by `post_transform`. */
const transforms: Readonly<Record<string, string>> = {
  NONE: 'Identity',
  LOGISTIC: 'Sigmoid',
  SOFTMAX: 'Softmax',
};

/** The tensor of class labels. */
function labelsOf(node: NodeProto, name: string): TensorProto | undefined {
  const [numbers, words] = [attribute(node, 'classlabels_ints'), attribute(node, 'classlabels_strings')];
  if (numbers && numbers.ints.length > 0)
    return makeTensor(name, DataType.INT64, [numbers.ints.length], numbers.ints.map(Number));
  if (!words || words.strings.length === 0) return undefined;
  const dims = [BigInt(words.strings.length)];
  return create(TensorProtoSchema, { name, dataType: DataType.STRING, dims, stringData: words.strings });
}

/**
 * Writes a LinearRegressor or LinearClassifier, whose weights are attributes, as a Gemm and its post-transform.
 *
 * @param nameOf - returns a unique name for a weight
 * @returns `undefined` for other nodes, and for models without an equivalent (one score for two classes, PROBIT)
 */
export function linearModel(node: NodeProto, nameOf: (own: string) => string): LinearModel | undefined {
  const { opType, domain, input, output } = node;
  const classifies = opType === 'LinearClassifier';
  if (domain !== 'ai.onnx.ml' || !(classifies || opType === 'LinearRegressor')) return undefined;
  const at = (name: string): number => node.attribute.findIndex((held) => held.name === name);
  const [slopes, shifts] = [at('coefficients'), at('intercepts')];
  const coefficients = node.attribute[slopes]?.floats ?? [];
  const intercepts = node.attribute[shifts]?.floats ?? [];
  const rows = classifies ? intercepts.length : int(node, 'targets', 1);
  const transform = transforms[text(node, 'post_transform', 'NONE')];
  const whole = rows > 0 && coefficients.length > 0 && coefficients.length % rows === 0;
  const shifted = intercepts.length === rows;
  if (
    !whole ||
    (intercepts.length > 0 && !shifted) ||
    !transform ||
    (!classifies && transform !== 'Identity')
  )
    return undefined;
  const own = nodeName(node);
  const labels = classifies ? labelsOf(node, nameOf(`${own}.labels`)) : undefined;
  if (classifies && labels?.dims[0] !== BigInt(rows)) return undefined;

  const weight = makeTensor(
    nameOf(`${own}.coefficients`),
    DataType.FLOAT,
    [rows, coefficients.length / rows],
    coefficients,
  );
  const bias = shifted
    ? makeTensor(nameOf(`${own}.intercepts`), DataType.FLOAT, [rows], intercepts)
    : undefined;
  const nodes: NodeProto[] = [];
  const add = (
    op: string,
    inputs: readonly string[],
    out: string,
    attributes: Record<string, number> = {},
  ): void => {
    const attributeList = Object.entries(attributes).map(([name, value]) => makeAttribute(name, value));
    nodes.push(
      create(NodeProtoSchema, {
        opType: op,
        name: out,
        input: [...inputs],
        output: [out],
        attribute: attributeList,
      }),
    );
  };
  const [label, scores] = classifies ? [output[0] ?? '', output[1] ?? ''] : ['', output[0] ?? ''];
  const product = nameOf(`${own}.product`);
  add('Gemm', [input[0] ?? '', weight.name, ...(bias ? [bias.name] : [])], product, { transB: 1 });
  if (scores !== '') add(transform, [product], scores, transform === 'Softmax' ? { axis: -1 } : {});
  if (label !== '' && labels) {
    const best = nameOf(`${own}.best`);
    add('ArgMax', [product], best, { axis: 1, keepdims: 0 });
    add('Gather', [labels.name, best], label, { axis: 0 });
  }
  return {
    weights: [{ tensor: weight, at: slopes }, ...(bias ? [{ tensor: bias, at: shifts }] : [])],
    constants: labels && label !== '' ? [labels] : [],
    nodes,
  };
}
