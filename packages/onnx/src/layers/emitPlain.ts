import { type Draft, needRank, type Scope, type Size, type Value } from './draft.ts';
import { flatten } from './emitDense.ts';
import type { PlainSpec } from './layer.ts';

const activations: Readonly<Record<string, string>> = { relu: 'Relu', sigmoid: 'Sigmoid', tanh: 'Tanh' };

/** x · ½ · (1 + erf(x / √2)) */
function gelu(b: Draft, name: string, x: string): string {
  const part = (piece: string): string => `${name}.${piece}`;
  const constant = (piece: string, value: number): string => b.constant(part(`${piece}_const`), value);
  const scaled = b.emit(part('scaled'), 'Div', [x, constant('root', Math.SQRT2)]);
  const shifted = b.emit(part('shifted'), 'Add', [b.emit(part('erf'), 'Erf', [scaled]), constant('one', 1)]);
  return b.emit(name, 'Mul', [b.emit(part('product'), 'Mul', [x, shifted]), constant('half', 0.5)]);
}

/** Emits a layer without weights. */
export function emitPlain(b: Draft, scope: Scope, x: Value, { type }: PlainSpec): Value {
  const { name } = scope;
  const same = (op: string, attributes = {}): Value => ({
    name: b.emit(name, op, [x.name], attributes),
    dims: x.dims,
  });
  switch (type) {
    case 'gelu':
      return { name: gelu(b, name, x.name), dims: x.dims };
    case 'softmax':
      return same('Softmax', { axis: -1 });
    case 'flatten':
      return flatten(b, name, scope, x);
    case 'globalAvgPool': {
      needRank(x, [2, 3], scope, 'an input [channels, length] or [channels, height, width]');
      const pooled = b.emit(`${name}.pooled`, 'GlobalAveragePool', [x.name]);
      return { name: b.emit(name, 'Flatten', [pooled]), dims: [x.dims[0] as Size] };
    }
    case 'transpose':
      needRank(x, [2], scope, 'an input of two axes');
      return {
        name: b.emit(name, 'Transpose', [x.name], { perm: [0, 2, 1] }),
        dims: [...x.dims].reverse(),
      };
    case 'meanOverSteps':
      needRank(x, [2], scope, 'a sequence [steps, features]');
      return {
        name: b.emit(name, 'ReduceMean', [x.name], { axes: [1], keepdims: 0 }),
        dims: x.dims.slice(1),
      };
    default:
      return same(activations[type] as string);
  }
}
