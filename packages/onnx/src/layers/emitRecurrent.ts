import { type Draft, known, needRank, type Scope, type Size, type Value } from './draft.ts';
import type { RecurrentSpec } from './layer.ts';

/** Emits an LSTM or GRU over [steps, features]. It outputs the hidden states of all steps, or only the final one. */
export function emitRecurrent(b: Draft, scope: Scope, x: Value, spec: RecurrentSpec): Value {
  const { type, units, last = false, bidirectional = false } = spec;
  needRank(x, [2], scope, 'a sequence [steps, features]');
  const { name } = scope;
  const [steps, features] = x.dims;
  const inputs = known(features, scope, 'features');
  const gates = (type === 'lstm' ? 4 : 3) * units;
  const directions = bidirectional ? 2 : 1;
  const bound = 1 / Math.sqrt(units);
  const weights = [
    b.uniform(`${name}.weight_ih`, [directions, gates, inputs], bound),
    b.uniform(`${name}.weight_hh`, [directions, gates, units], bound),
    b.uniform(`${name}.bias`, [directions, 2 * gates], bound),
  ];
  // ONNX's recurrent operators expect the steps as the first axis.
  const turned = b.emit(`${name}.steps_first`, 'Transpose', [x.name], { perm: [1, 0, 2] });
  const all = `${name}.all`;
  const hidden = `${name}.hidden`;
  b.emit(
    last ? '' : all,
    type === 'lstm' ? 'LSTM' : 'GRU',
    [turned, ...weights],
    {
      hidden_size: units,
      direction: bidirectional ? 'bidirectional' : undefined,
      linear_before_reset: type === 'gru' ? 1 : undefined,
    },
    last ? [hidden] : [],
  );
  const width = directions * units;
  if (last) {
    // [directions, batch, units]
    const first = b.emit(`${name}.batch_first`, 'Transpose', [hidden], { perm: [1, 0, 2] });
    return { name: b.emit(name, 'Flatten', [first]), dims: [width] };
  }
  // [steps, directions, batch, units]
  const first = b.emit(`${name}.batch_first`, 'Transpose', [all], { perm: [2, 0, 1, 3] });
  const shape = b.ints(`${name}.shape`, [0, 0, width]);
  return { name: b.emit(name, 'Reshape', [first, shape]), dims: [steps as Size, width] };
}
