import { float, floats, int, text } from '../format/attributes.ts';
import { describeNode } from '../format/describeNode.ts';
import type { NodeProto } from '../generated/onnx_pb.ts';
import { operatorKey } from '../graph/graph.ts';
import { inputOf } from '../graph/infer.ts';
import type { Ops } from '../graph/ops.ts';

/**
 * Writes a node in standard ONNX operators and returns its outputs. Returns `undefined` if the node uses an unsupported
 * option. An output that is not supported is `undefined`.
 */
type WriteOut = (node: NodeProto, b: Ops) => readonly (string | undefined)[] | undefined;

/** x·½·(1 + erf(x/√2)). */
function gelu(b: Ops, x: string): string {
  const half = b.mul(x, b.scalar(0.5, x));
  const share = b.emit('Erf', [b.mul(x, b.scalar(Math.SQRT1_2, x))]);
  return b.mul(half, b.add(share, b.scalar(1, x)));
}

/** ½·x·(1 + tanh(√(2/π)·(x + 0.044715·x³))). */
function fastGelu(b: Ops, x: string): string {
  const cube = b.mul(b.mul(b.square(x), x), b.scalar(0.044715, x));
  const inner = b.mul(b.add(x, cube), b.scalar(Math.sqrt(2 / Math.PI), x));
  return b.mul(b.mul(x, b.scalar(0.5, x)), b.add(b.emit('Tanh', [inner]), b.scalar(1, x)));
}

/** Normalises rows. The L1 norm leaves the output of a Softmax unchanged, because its rows already sum to 1. */
const normalizer: WriteOut = (node, b) => {
  const x = inputOf(node, 0);
  const p = { L1: 1, L2: 2 }[text(node, 'norm', 'MAX')];
  if (p === undefined || b.rank(x) !== 2) return undefined;
  const shares = p === 1 && b.producer(x)?.opType === 'Softmax';
  return [shares ? x : b.emit('LpNormalization', [x], { axis: 1, p })];
};

const biased = (b: Ops, x: string, bias: string): string => (bias === '' ? x : b.add(x, bias));

/** x / √(mean(x²) + ε) · scale, over the last axis. */
function rootMeanSquare(b: Ops, x: string, scale: string, epsilon: number): string {
  const square = b.reduceMean(b.square(x), [b.rank(x) - 1], true);
  const divisor = b.sqrt(b.add(square, b.scalar(epsilon, x)));
  return b.mul(b.div(x, divisor), scale);
}

const layerNorm = (b: Ops, x: string, scale: string, shift: string, epsilon: number): string =>
  b.emit('LayerNormalization', [x, scale, shift], { axis: -1, epsilon: { float: epsilon } });

/** The sum of an input, the skip connection and an optional bias. */
const skipped = (node: NodeProto, b: Ops, bias: number): string =>
  biased(b, b.add(inputOf(node, 0), inputOf(node, 1)), inputOf(node, bias));

/** Whether the node has no inputs except these. */
const only = (node: NodeProto, ...given: readonly number[]): boolean =>
  node.input.every((name, i) => name === '' || given.includes(i));

const product: WriteOut = (node, b) => {
  if (int(node, 'transBatchA', 0) !== 0 || int(node, 'transBatchB', 0) !== 0) return undefined;
  const side = (i: number, flag: string): string =>
    int(node, flag, 0) === 0 ? inputOf(node, i) : b.transposeLast(inputOf(node, i));
  const y = b.matmul(side(0, 'transA'), side(1, 'transB'));
  const alpha = float(node, 'alpha', 1);
  return [alpha === 1 ? y : b.mul(y, b.scalar(alpha, y))];
};

/** Applies a fused activation. Its parameters come in the order of the activation's attributes. */
function activated(node: NodeProto, b: Ops, x: string): string | undefined {
  const [first = 0, second = 0] = floats(node, 'activation_params') ?? [];
  switch (text(node, 'activation', '')) {
    case '':
      return x;
    case 'Relu':
    case 'Tanh':
    case 'Sigmoid':
      return b.emit(text(node, 'activation', ''), [x]);
    case 'LeakyRelu':
      return b.emit('LeakyRelu', [x], { alpha: { float: first } });
    case 'HardSigmoid':
      return b.emit('HardSigmoid', [x], { alpha: { float: first }, beta: { float: second } });
    case 'Clip':
      return b.emit('Clip', [x, b.scalar(first, x), b.scalar(second, x)]);
    default:
      return undefined;
  }
}

/** Softmax(q·kᵀ·scale + bias)·v for q, k and v of shape [batch, steps, heads·width]. */
function attend(
  node: NodeProto,
  b: Ops,
  [query, key, value]: readonly [string, string, string],
  bias: string,
): string | undefined {
  const heads = int(node, 'num_heads', 0);
  const width = b.shape(query)[2];
  if (heads < 1 || typeof width !== 'number' || [query, key, value].some((x) => b.dims(x)?.length !== 3))
    return undefined;
  const split = (x: string): string => b.transpose(b.reshape(x, [0, 0, heads, -1]), [0, 2, 1, 3]);
  const scale = float(node, 'scale', 0) || 1 / Math.sqrt(width / heads);
  const scores = b.matmul(b.mul(split(query), b.scalar(scale, query)), b.transposeLast(split(key)));
  const shares = b.emit('Softmax', [biased(b, scores, bias)], { axis: -1 });
  return b.reshape(b.transpose(b.matmul(shares, split(value)), [0, 2, 1, 3]), [0, 0, -1]);
}

/** Splits the last axis into three equal parts. */
const thirds = (b: Ops, x: string): readonly [string, string, string] =>
  b.emitAll('Split', [x], { axis: -1, num_outputs: 3 }, 3) as [string, string, string];

const multiHead: WriteOut = (node, b) => {
  const own = [0, 1, 2].map((i) => inputOf(node, i));
  if (own.includes('') || !only(node, 0, 1, 2, 3, 5) || int(node, 'unidirectional', 0) !== 0)
    return undefined;
  if (node.output.slice(1).some((name) => name !== '')) return undefined;
  const bias = inputOf(node, 3);
  const added = bias === '' ? [] : thirds(b, bias);
  const parts = own.map((x, i) => biased(b, x, added[i] ?? '')) as [string, string, string];
  return [attend(node, b, parts, inputOf(node, 5))];
};

const packedAttention: WriteOut = (node, b) => {
  if (!only(node, 0, 1, 2) || int(node, 'unidirectional', 0) !== 0) return undefined;
  if (node.attribute.some(({ name }) => name === 'qkv_hidden_sizes')) return undefined;
  if (node.output.slice(1).some((name) => name !== '')) return undefined;
  const all = biased(b, b.matmul(inputOf(node, 0), inputOf(node, 1)), inputOf(node, 2));
  return [attend(node, b, thirds(b, all), '')];
};

const fusedConv: WriteOut = (node, b) => {
  const kept = node.attribute.filter(({ name }) => !name.startsWith('activation'));
  const y = b.emit('Conv', node.input.slice(0, 3));
  const conv = b.nodes.at(-1);
  if (!conv) return undefined;
  // Appends the node again with its attributes, because the shape is inferred from them.
  b.nodes.pop();
  conv.attribute = kept;
  b.append(conv);
  return [activated(node, b, biased(b, y, inputOf(node, 3)))];
};

const writers: Readonly<Record<string, WriteOut>> = {
  'com.microsoft:Gelu': (node, b) => [gelu(b, inputOf(node, 0))],
  'com.microsoft:BiasGelu': (node, b) => [gelu(b, b.add(inputOf(node, 0), inputOf(node, 1)))],
  'com.microsoft:FastGelu': (node, b) => [fastGelu(b, biased(b, inputOf(node, 0), inputOf(node, 1)))],
  'com.microsoft:QuickGelu': (node, b) => {
    const x = inputOf(node, 0);
    return [b.mul(x, b.emit('Sigmoid', [b.mul(x, b.scalar(float(node, 'alpha', 1.702), x))]))];
  },
  'com.microsoft:FusedMatMul': product,
  'com.microsoft:TransposeMatMul': product,
  'com.microsoft:FusedConv': fusedConv,
  'com.microsoft:SkipLayerNormalization': (node, b) => {
    const sum = skipped(node, b, 4);
    const y = layerNorm(b, sum, inputOf(node, 2), inputOf(node, 3), float(node, 'epsilon', 1e-12));
    return [y, undefined, undefined, sum];
  },
  'com.microsoft:SkipSimplifiedLayerNormalization': (node, b) => {
    const sum = skipped(node, b, 3);
    return [
      rootMeanSquare(b, sum, inputOf(node, 2), float(node, 'epsilon', 1e-12)),
      undefined,
      undefined,
      sum,
    ];
  },
  SimplifiedLayerNormalization: (node, b) => {
    const x = inputOf(node, 0);
    const axis = int(node, 'axis', -1);
    if (axis !== -1 && axis !== b.rank(x) - 1) return undefined;
    return [rootMeanSquare(b, x, inputOf(node, 1), float(node, 'epsilon', 1e-5))];
  },
  'ai.onnx.ml:Normalizer': normalizer,
  'com.microsoft:MultiHeadAttention': multiHead,
  'com.microsoft:Attention': packedAttention,
};

/**
 * Writes a fused operator of ONNX Runtime's optimizer, or a Normalizer of `ai.onnx.ml`, in standard ONNX operators,
 * which have gradients.
 *
 * @returns whether it was written; a node with unsupported options is left unchanged
 */
export function writeContrib(node: NodeProto, b: Ops): boolean {
  const writer = writers[operatorKey(node)];
  if (!writer || node.input.some((name) => name !== '' && !b.dims(name))) return false;
  const mark = b.nodes.length;
  const outputs = b.writtenFor(describeNode(node), () => writer(node, b));
  const lost = node.output.some((name, i) => name !== '' && outputs?.[i] === undefined);
  if (!outputs || lost) {
    b.nodes.splice(mark);
    return false;
  }
  b.writtenFor(describeNode(node), () => {
    node.output.forEach((name, i) => {
      if (name !== '') b.emitAs('Identity', [outputs[i] as string], {}, name);
    });
  });
  return true;
}
