import { sizeOf } from '../format/tensor.ts';
import { type Draft, known, type Scope, type Value } from './draft.ts';
import type { DenseSpec } from './layer.ts';

/** Emits x · Wᵀ + b on the last axis. An input with more than two axes, such as an image, is flattened first. */
export function emitDense(b: Draft, scope: Scope, x: Value, { units, bias = true }: DenseSpec): Value {
  const { name } = scope;
  const flat = x.dims.length > 2 ? flatten(b, `${name}.flat`, scope, x) : x;
  const inputs = known(flat.dims.at(-1), scope, 'features');
  const weight = b.weights(`${name}.weight`, [units, inputs], inputs, units);
  const offset = bias ? b.biases(`${name}.bias`, units, inputs) : undefined;
  const dims = [...flat.dims.slice(0, -1), units];
  if (flat.dims.length === 1) {
    b.emit(name, 'Gemm', [flat.name, weight, ...(offset ? [offset] : [])], { transB: 1 });
    return { name, dims };
  }
  const turned = b.emit(`${name}.turned`, 'Transpose', [weight], { perm: [1, 0] });
  const product = b.emit(offset ? `${name}.product` : name, 'MatMul', [flat.name, turned]);
  if (offset) b.emit(name, 'Add', [product, offset]);
  return { name, dims };
}

/** Merges all axes except the batch into one. */
export function flatten(b: Draft, name: string, scope: Scope, x: Value): Value {
  const sizes = x.dims.map((size) => known(size, scope, 'positions'));
  return { name: b.emit(name, 'Flatten', [x.name]), dims: [sizeOf(sizes)] };
}
