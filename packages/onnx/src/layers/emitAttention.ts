import { fail } from '../errors.ts';
import { type Draft, known, needRank, type Scope, type Value } from './draft.ts';
import type { AttentionSpec } from './layer.ts';

/**
 * Emits softmax(Q·Kᵀ / √d) · V for each head. One matrix product of the input gives Q, K and V, and a last one combines
 * all heads. The initial weights are PyTorch's: Glorot for the first product, uniform in ±1/√features for the last, and
 * biases of 0.
 */
export function emitAttention(
  b: Draft,
  scope: Scope,
  x: Value,
  { heads, causal = false }: AttentionSpec,
): Value {
  needRank(x, [2], scope, 'a sequence [steps, features]');
  const { name } = scope;
  const features = known(x.dims[1], scope, 'features');
  if (features % heads !== 0) {
    throw fail(
      `a number of features divisible by ${heads}, the number of heads of ${scope.label}`,
      `${features} features`,
      'Set heads to a divisor of the number of features.',
    );
  }
  const width = features / heads;
  const part = (piece: string): string => `${name}.${piece}`;
  const product = (value: string, weight: string, bias: string, to: string): string => {
    const turned = b.emit(`${weight}.turned`, 'Transpose', [weight], { perm: [1, 0] });
    return b.emit(to, 'Add', [b.emit(`${to}.product`, 'MatMul', [value, turned]), bias]);
  };
  const glorot = Math.sqrt(6 / (4 * features));
  const first = b.uniform(part('in_proj_weight'), [3 * features, features], glorot);
  const firstBias = b.filled(part('in_proj_bias'), 3 * features, 0);
  const all = product(x.name, first, firstBias, part('qkv'));
  const split = b.ints(part('heads_shape'), [0, 0, 3, heads, width]);
  const apart = b.emit(part('apart'), 'Reshape', [all, split]);
  // Transposes [batch, steps, 3, heads, width] to [3, batch, heads, steps, width].
  const turned = b.emit(part('by_head'), 'Transpose', [apart], { perm: [2, 0, 3, 1, 4] });
  const take = (at: number, letter: string): string => {
    const index = b.ints(part(`${letter}_index`), [at]);
    const taken = b.emit(part(`${letter}_one`), 'Gather', [turned, index], { axis: 0 });
    return b.emit(part(letter), 'Squeeze', [taken, b.ints(part(`${letter}_axis`), [0])]);
  };
  const [q, k, v] = ['q', 'k', 'v'].map((letter, at) => take(at, letter)) as [string, string, string];
  const keys = b.emit(part('k_turned'), 'Transpose', [k], { perm: [0, 1, 3, 2] });
  const scale = b.constant(part('scale_const'), 1 / Math.sqrt(width));
  const scaled = b.emit(part('q_scaled'), 'Mul', [q, scale]);
  const scores = b.emit(part('scores'), 'MatMul', [scaled, keys]);
  const seen = causal ? b.emit(part('seen'), 'Add', [scores, causalMask(b, scope, x)]) : scores;
  const shares = b.emit(part('shares'), 'Softmax', [seen], { axis: -1 });
  const mixed = b.emit(part('mixed'), 'MatMul', [shares, v]);
  const together = b.emit(part('steps_first'), 'Transpose', [mixed], { perm: [0, 2, 1, 3] });
  const flat = b.emit(part('flat'), 'Reshape', [together, b.ints(part('flat_shape'), [0, 0, features])]);
  const last = b.uniform(part('out_proj.weight'), [features, features], 1 / Math.sqrt(features));
  const lastBias = b.filled(part('out_proj.bias'), features, 0);
  return { name: product(flat, last, lastBias, name), dims: x.dims };
}

/** Stores the causal mask [steps, steps], which is added to the scores: −∞ for later steps, 0 for all others. */
function causalMask(b: Draft, scope: Scope, x: Value): string {
  const steps = known(x.dims[0], scope, 'steps');
  const values = Float32Array.from({ length: steps * steps }, (_, at) =>
    at % steps > Math.floor(at / steps) ? Number.NEGATIVE_INFINITY : 0,
  );
  return b.store(`${scope.name}.causal_mask`, [steps, steps], values);
}
