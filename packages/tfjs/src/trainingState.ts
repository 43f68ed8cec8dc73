import type * as tfjs from '@tensorflow/tfjs';
import { fail } from './errors.ts';
import type { OptimizerLike } from './optimizerKind.ts';
import {
  checkOptimizerState,
  type OptimizerState,
  readOptimizerState,
  writeOptimizerState,
} from './optimizerState.ts';
import { readTensors, type TensorData, toTensor } from './tensorData.ts';

/**
 * What `snapshot()` gives: weights, optimizer slots and counters as plain data, which can be cloned, kept in
 * IndexedDB or sent to a worker.
 */
export interface TfjsSnapshot {
  readonly version: 1;
  readonly weights: readonly TensorData[];
  readonly optimizer: OptimizerState;
}

/** A variable and the name that it has in every copy of the model. */
export interface NamedVariable {
  readonly name: string;
  readonly tensor: tfjs.Variable;
}

export async function readState(
  optimizer: OptimizerLike,
  variables: readonly NamedVariable[],
): Promise<TfjsSnapshot> {
  const [weights, optimizerState] = await Promise.all([
    readTensors(variables),
    readOptimizerState(optimizer),
  ]);
  return { version: 1, weights, optimizer: optimizerState };
}

/** Puts a state back; throws before touching anything if it is not of this model and optimizer. */
export function writeState(
  tf: Pick<typeof tfjs, 'tensor' | 'variable'>,
  optimizer: OptimizerLike,
  variables: readonly NamedVariable[],
  state: object,
): void {
  const { weights, optimizer: optimizerState } = checkedState(optimizer, variables, state);
  variables.forEach(({ tensor }, index) => {
    const fresh = toTensor(tf, weights[index]!);
    tensor.assign(fresh);
    fresh.dispose();
  });
  writeOptimizerState(tf, optimizer, optimizerState);
}

/** A state of this model and this optimizer, or an error. */
export function checkedState(
  optimizer: OptimizerLike,
  variables: readonly NamedVariable[],
  state: object,
): TfjsSnapshot {
  const { weights, optimizer: optimizerState } = state as TfjsSnapshot;
  const describe = (list: readonly { shape: readonly number[] }[] | undefined): string =>
    list?.map(({ shape }) => `[${shape.join(', ')}]`).join(' ') ?? 'none';
  const shapes = describe(variables.map(({ tensor }) => tensor));
  if (describe(weights) !== shapes) {
    throw fail({
      expected: `a snapshot with weights of the shapes ${shapes}`,
      received: describe(weights),
      advice: 'Restore what snapshot() of a trainable for the same model gave.',
    });
  }
  checkOptimizerState(optimizer, optimizerState);
  return state as TfjsSnapshot;
}
