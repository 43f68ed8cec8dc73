import { type Draft, known, type Scope, type Value } from './draft.ts';
import type { BatchNormSpec, LayerNormSpec } from './layer.ts';

/** Emits a batch normalisation in training mode. Its second and third outputs are the next running statistics. */
export function emitBatchNorm(b: Draft, scope: Scope, x: Value, spec: BatchNormSpec): Value {
  const { epsilon = 1e-5, momentum = 0.1 } = spec;
  const { name } = scope;
  const channels = known(x.dims[0], scope, 'channels');
  const filled = (part: string, value: number): string => b.filled(`${name}.${part}`, channels, value);
  const inputs = [
    filled('weight', 1),
    filled('bias', 0),
    filled('running_mean', 0),
    filled('running_var', 1),
  ];
  // ONNX's momentum is the share of the old statistics.
  const attributes = { epsilon: { float: epsilon }, momentum: { float: 1 - momentum }, training_mode: 1 };
  b.emit(name, 'BatchNormalization', [x.name, ...inputs], attributes, [
    `${name}.next_mean`,
    `${name}.next_var`,
  ]);
  return { name, dims: x.dims };
}

/** Emits a layer normalisation over the last axis. */
export function emitLayerNorm(b: Draft, scope: Scope, x: Value, { epsilon = 1e-5 }: LayerNormSpec): Value {
  const { name } = scope;
  const features = known(x.dims.at(-1), scope, 'features');
  const inputs = [x.name, b.filled(`${name}.weight`, features, 1), b.filled(`${name}.bias`, features, 0)];
  b.emit(name, 'LayerNormalization', inputs, { axis: -1, epsilon: { float: epsilon } });
  return { name, dims: x.dims };
}
