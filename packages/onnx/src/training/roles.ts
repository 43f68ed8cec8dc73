import { subgraphs } from '../format/captures.ts';
import { dimsOf, floatParts, sizeOf } from '../format/tensor.ts';
import type { NodeProto, TensorProto } from '../generated/onnx_pb.ts';
import { isView, storedAs } from '../gradients/derivative.ts';
import type { Ops } from '../graph/ops.ts';
import { isPrivate } from '../graph/privateOperators.ts';

/** A node's input that reads a stored tensor, directly or after a change of shape, order or type. */
export interface Use {
  readonly node: NodeProto;
  readonly input: number;
}

/** The node itself. For a private operator of clr with inner graphs, the nodes in them, which read the weights. */
function withInner(node: NodeProto): NodeProto[] {
  return isPrivate(node) && subgraphs(node).length > 0
    ? subgraphs(node).flatMap((graph) => graph.node.flatMap(withInner))
    : [node];
}

/** An index of the nodes that read and make values. */
export class Uses {
  readonly #readers = new Map<string, Use[]>();
  readonly #makers = new Map<string, NodeProto>();

  constructor(nodes: readonly NodeProto[]) {
    for (const node of nodes.flatMap(withInner)) {
      node.input.forEach((name, input) => {
        const known = this.#readers.get(name);
        if (known) known.push({ node, input });
        else this.#readers.set(name, [{ node, input }]);
      });
      for (const name of node.output) this.#makers.set(name, node);
    }
  }

  /** The nodes that read a value directly. */
  direct(name: string): readonly Use[] {
    return this.#readers.get(name) ?? [];
  }

  /** The nodes that read a value directly, or after nodes that only change its shape, order or type. */
  of(name: string): Use[] {
    return this.direct(name).flatMap((use) =>
      use.input === 0 && isView(use.node) ? this.of(use.node.output[0] ?? '') : [use],
    );
  }

  maker(name: string): NodeProto | undefined {
    return this.#makers.get(name);
  }
}

/** The operator inputs that hold learned weights, stored as initializers or in nodes. */
const parameterInputs: Readonly<Record<string, readonly number[]>> = {
  Conv: [1, 2],
  ConvTranspose: [1, 2],
  DeformConv: [1, 3],
  Gemm: [0, 1, 2],
  MatMul: [0, 1],
  Einsum: [0, 1, 2, 3],
  BatchNormalization: [1, 2],
  InstanceNormalization: [1, 2],
  LayerNormalization: [1, 2],
  GroupNormalization: [1, 2],
  RMSNormalization: [1],
  PRelu: [1],
  Gather: [0],
  LSTM: [1, 2, 3, 7],
  GRU: [1, 2, 3],
  RNN: [1, 2, 3],
};

const arithmetic = new Set(['Add', 'Sub', 'Mul', 'Div']);
const formulas = new Set([...arithmetic, 'Max', 'Min', 'Sum', 'Mean', 'Mod']);
const products = new Set(['Conv', 'ConvTranspose', 'MatMul', 'Gemm', 'Einsum']);

/** Names that modules and variables give to weights: `block.1.scale`, `model/dense/ReadVariableOp:0`. */
const weightName = /^[a-z_]\w*(\.\w+)*$|variable/i;
/**
 * Names that exporters and graph optimizers give to constants of formulas. `weightName` would match many of them.
 */
const constantName = /const|cst|^(val|scalar|lifted_tensor|ortshared)_/i;
/** Paddle's names for parameters, which it writes as Constant nodes: `conv2d_0.w_0`. */
const paddleName = /\.[wb]_\d+$/;
/** Names that modules give to buffers, which are not trained. */
const bufferName = /(^|[._/])(\w*buffer|inv_freq|(attn|attention|causal)_?mask)$/i;

/** The most nodes between a bias or scale and the matrix product or convolution before it. */
const furthest = 12;

/**
 * Whether a value is computed from a matrix product or convolution by arithmetic and changes of shape, order or type
 * alone.
 */
function behindProduct(uses: Uses, name: string, steps = furthest): boolean {
  const node = uses.maker(name);
  if (!node || steps === 0) return false;
  if (products.has(node.opType)) return true;
  if (isView(node)) return behindProduct(uses, node.input[0] ?? '', steps - 1);
  return arithmetic.has(node.opType) && node.input.some((input) => behindProduct(uses, input, steps - 1));
}

/** Whether a value is an integer product or the scale of quantised inputs, possibly multiplied by other scales. */
function isQuantised(uses: Uses, name: string, steps = furthest): boolean {
  const node = uses.maker(name);
  if (!node || steps === 0) return false;
  if (/^(MatMulInteger|ConvInteger|DynamicQuantizeLinear)$/.test(node.opType)) return true;
  return /^(Cast|Mul)$/.test(node.opType) && node.input.some((input) => isQuantised(uses, input, steps - 1));
}

/**
 * Whether a use multiplies an integer product by its scale. Training must not change the scale, because it belongs to
 * the stored integers.
 */
const isScale = (uses: Uses, { node, input }: Use): boolean =>
  node.opType === 'Mul' && node.input.some((other, i) => i !== input && isQuantised(uses, other));

/**
 * Whether a node uses a tensor as a parameter, that is, as a weight of a layer, or as the scale or bias after a matrix
 * product or convolution.
 */
function isParameter(uses: Uses, { node, input }: Use, dims: readonly number[]): boolean {
  if (parameterInputs[node.opType]?.includes(input) ?? false) return true;
  // A mask that is added to attention scores has two axes. A bias has one.
  const oneAxis = dims.filter((dim) => dim > 1).length === 1;
  return (
    arithmetic.has(node.opType) &&
    oneAxis &&
    node.input.some((other, i) => i !== input && behindProduct(uses, other))
  );
}

/** The reason that `whyConstant` gives for a tensor that is not finite. */
export const notFinite = 'it holds numbers that are not finite';

/** Caches the checks: that of a large tensor takes time, and several graphs are made from one file. */
const finite = new WeakMap<TensorProto, boolean>();

/** Whether all elements of a tensor are finite. */
function allFinite(tensor: TensorProto): boolean {
  const known = finite.get(tensor) ?? sumIsFinite(tensor);
  finite.set(tensor, known);
  return known;
}

function sumIsFinite(tensor: TensorProto): boolean {
  for (const part of floatParts(tensor)) {
    // A sum of finite float32 numbers is finite in float64.
    let sum = 0;
    for (let i = 0; i < part.length; i++) sum += part[i] as number;
    if (!Number.isFinite(sum) && !part.every(Number.isFinite)) return false;
  }
  return true;
}

/**
 * Why a stored float tensor is not trained by default, or `undefined` if it is trained.
 *
 * An initializer is a weight, whichever node reads it, because exporters store modules' weights as initializers.
 * Exceptions are tensors that an operator uses as a constant (exponents, bounds, quantisation scales), scalars in
 * arithmetic with names that exporters generate, and buffers with their usual names.
 *
 * A tensor in a node is a constant. Exceptions are tensors at the weight inputs of layers, the bias or scale after a
 * matrix product or convolution, and tensors with names that Paddle gives to parameters.
 *
 * A tensor that is not finite, such as a mask of −∞, is not trained either.
 *
 * @param inNode - whether the file keeps the tensor in a node
 */
export function whyConstant(b: Ops, uses: Uses, tensor: TensorProto, inNode: boolean): string | undefined {
  const { name } = tensor;
  const dims = dimsOf(tensor);
  const found = uses.of(name);
  if (!allFinite(tensor)) return notFinite;
  const role = ({ node, input }: Use): string => storedAs(b.operator(node), input, dims);
  if (found.length > 0 && found.every((use) => role(use) === 'constant')) {
    return `${found[0]?.node.opType} uses it as a constant`;
  }
  if (found.length > 0 && found.every((use) => isScale(uses, use))) return 'it is a quantisation scale';
  if (!inNode) {
    if (bufferName.test(name)) return 'it has the name of a buffer';
    const named = weightName.test(name) && !constantName.test(name);
    const inFormula = uses.direct(name).every(({ node }) => formulas.has(node.opType));
    return dims.length === 0 && !named && inFormula ? 'it is a constant of a formula' : undefined;
  }
  if (sizeOf(dims) > 0 && paddleName.test(name)) return undefined;
  return found.some((use) => isParameter(uses, use, dims)) ? undefined : 'it is a constant of a formula';
}
