import { float, int } from '../format/attributes.ts';
import { DataType } from '../format/dataType.ts';
import type { NodeProto } from '../generated/onnx_pb.ts';
import { addDim, type Dim, divDim, mulDim } from '../graph/dim.ts';
import type { Graph } from '../graph/graph.ts';
import { inputOf, sameAsInput } from '../graph/infer.ts';
import type { GradientContext, Infer, Operators } from '../graph/operator.ts';
import type { Ops } from '../graph/ops.ts';
import { byDecomposition } from './decompose.ts';

const lowest = -3.4028234663852886e38;

/**
 * The shape [batch, heads, steps, width] of a query, key or value. The input itself may be [batch, steps, heads·width].
 */
function byHeads(node: NodeProto, b: Graph, input: number): readonly Dim[] | undefined {
  const dims = b.dims(inputOf(node, input));
  if (dims?.length !== 3) return dims;
  const heads = int(node, input === 0 ? 'q_num_heads' : 'kv_num_heads', 1);
  return [dims[0] as Dim, heads, dims[1] as Dim, divDim(dims[2] as Dim, heads)];
}

const infer: Infer = (node, b) => {
  const { type, dims } = b.type(inputOf(node, 0));
  const [query, key, value] = [0, 1, 2].map((input) => byHeads(node, b, input));
  if (!dims || !query || !key || !value) return node.output.map(() => ({ type, dims: undefined }));
  const past = inputOf(node, 4) === '' ? 0 : b.dims(inputOf(node, 4))?.[2];
  const [batch, heads, steps] = query as [Dim, Dim, Dim, Dim];
  const width = value[3] as Dim;
  const present = (of: readonly Dim[]) =>
    past === undefined ? undefined : [batch, of[1] as Dim, addDim(past, of[2] as Dim), of[3] as Dim];
  return [
    { type, dims: dims.length === 3 ? [batch, steps, mulDim(heads, width)] : [batch, heads, steps, width] },
    { type, dims: present(key) },
    { type, dims: present(value) },
    { type, dims: past === undefined ? undefined : [batch, heads, steps, addDim(past, key[2] as Dim)] },
  ];
};

/** Splits the heads: [batch, steps, heads·width] → [batch, heads, steps, width]. */
function split({ node, x }: GradientContext, b: Ops, input: number): string {
  if (b.rank(x(input)) === 4) return x(input);
  const heads = int(node, input === 0 ? 'q_num_heads' : 'kv_num_heads', 1);
  return b.transpose(b.reshape(x(input), [0, 0, heads, -1]), [0, 2, 1, 3]);
}

/** Repeats each key or value head for all query heads that share it. */
function repeated(b: Ops, value: string, times: number): string {
  if (times === 1) return value;
  const [batch, heads, steps, width] = [0, 1, 2, 3].map((axis) => b.sizeAt(value, axis)) as [
    string,
    string,
    string,
    string,
  ];
  const wide = b.expand(b.unsqueeze(value, [2]), b.shapeVector([batch, heads, times, steps, width]));
  return b.reshape(wide, b.shapeVector([batch, b.mul(heads, b.ints([times])), steps, width]));
}

/** The causal mask: 0 where a query may attend, the lowest float at keys after the query's position. */
function causal(b: Ops, query: string, key: string, past: string): string {
  const range = (value: string): string =>
    b.emit('Range', [b.int(0), b.squeeze(b.sizeAt(value, 2), [0]), b.int(1)]);
  const places = b.add(b.unsqueeze(range(query), [1]), past);
  const hidden = b.greater(range(key), places);
  return b.where(hidden, b.scalar(lowest, query), b.scalar(0, query));
}

/** softmax(q·kᵀ·scale + mask)·v, over past and present keys and values. */
function write(c: GradientContext, b: Ops): (string | undefined)[] {
  const { node, x } = c;
  if (inputOf(node, 6) !== '') throw c.refuse('no gradient for padded keys (nonpad_kv_seqlen)');
  const [query, newKey, newValue] = [0, 1, 2].map((input) => split(c, b, input)) as [string, string, string];
  const before = inputOf(node, 4) !== '';
  const key = before ? b.concat([x(4), newKey], 2) : newKey;
  const value = before ? b.concat([x(5), newValue], 2) : newValue;
  const [heads, shared] = [b.shape(query)[1], b.shape(key)[1]];
  const width = b.shape(query)[3];
  if (typeof heads !== 'number' || typeof shared !== 'number' || typeof width !== 'number')
    throw c.refuse('the number or the size of its heads is known only while the model runs');
  const scale = float(node, 'scale', 0) || 1 / Math.sqrt(width);
  const times = heads / shared;
  let scores = b.matmul(b.mul(query, b.scalar(scale, query)), b.transposeLast(repeated(b, key, times)));
  const cap = float(node, 'softcap', 0);
  if (cap > 0) {
    const limit = b.scalar(cap, scores);
    scores = b.mul(b.emit('Tanh', [b.div(scores, limit)]), limit);
  }
  if (inputOf(node, 3) !== '') {
    const isChoice = b.type(x(3)).type === DataType.BOOL;
    const bias = isChoice ? b.where(x(3), b.scalar(0, scores), b.scalar(lowest, scores)) : x(3);
    scores = b.add(scores, bias);
  }
  if (int(node, 'is_causal', 0) === 1) {
    const past = before ? b.squeeze(b.sizeAt(x(4), 2), [0]) : b.int(0);
    scores = b.add(scores, causal(b, query, key, past));
  }
  const mixed = b.matmul(b.emit('Softmax', [scores], { axis: -1 }), repeated(b, value, times));
  const y = b.rank(x(0)) === 3 ? b.reshape(b.transpose(mixed, [0, 2, 1, 3]), [0, 0, -1]) : mixed;
  return [y, key, value];
}

/** Attention and rotary position embeddings. */
export const attention: Operators = {
  Attention: {
    infer,
    differentiable: [0, 1, 2, 3, 4, 5],
    // A stored mask may be a learned bias. It is trained only if `trainable` names it.
    storedAs: (input) => (input === 3 ? 'constant' : 'weight'),
    gradient: (c) => byDecomposition(c, (b) => write(c, b)),
  },
  // The output is rotated by θ, so the input gradient is rotated by −θ.
  RotaryEmbedding: {
    infer: sameAsInput,
    differentiable: [0],
    zeroDerivative: { 3: 'positions' },
    gradient: ({ b, node, x, g }) => [
      b.emit('RotaryEmbedding', [g(0), x(1), b.neg(x(2)), inputOf(node, 3)], {
        interleaved: int(node, 'interleaved', 0),
        num_heads: int(node, 'num_heads', 0) || undefined,
        rotary_embedding_dim: int(node, 'rotary_embedding_dim', 0) || undefined,
      }),
    ],
  },
};
