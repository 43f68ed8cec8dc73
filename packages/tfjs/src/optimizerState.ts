import type * as tfjs from '@tensorflow/tfjs';
import { fail } from './errors.ts';
import { momentumField, type OptimizerFields, type OptimizerLike, optimizerKind } from './optimizerKind.ts';
import { forgetLastUpdate } from './setHyperparameters.ts';
import { setMomentum, setRate } from './setNumbers.ts';
import { readTensors, type TensorData, toTensor } from './tensorData.ts';

/** The whole state of an optimizer as plain data: it can be cloned, stored and sent. */
export interface OptimizerState {
  readonly className: string;
  readonly iterations: number;
  /** `learningRate`, and `momentum` or `beta1`. */
  readonly numbers: Readonly<Record<string, number>>;
  /** By the optimizer's list, one tensor for each trained variable; empty before the first update. */
  readonly slots: Readonly<Record<string, readonly TensorData[]>>;
  /** Running products and counters, such as Adam's `accBeta1`. */
  readonly scalars: Readonly<Record<string, TensorData>>;
}

interface Slot {
  readonly originalName: string;
  readonly variable: tfjs.Variable;
}

/** Reads an optimizer's slots, counters and numbers. Goes where tfjs's `getWeights()` does not (Adamax, β₁). */
export async function readOptimizerState(optimizer: OptimizerLike): Promise<OptimizerState> {
  const kind = optimizerKind(optimizer);
  const fields = optimizer as OptimizerFields;
  const numbers: Record<string, number> = { learningRate: fields.learningRate as number };
  if (kind.momentum !== null) numbers[momentumField(kind)] = fields[momentumField(kind)] as number;
  const named = kind.slots.map((slot) => fields[slot] as Slot[]);
  const scalars = kind.scalars.map((name) => fields[name] as tfjs.Variable);
  const [slotData, scalarData] = await Promise.all([
    Promise.all(
      named.map((slots) =>
        readTensors(slots.map(({ originalName, variable }) => ({ name: originalName, tensor: variable }))),
      ),
    ),
    readTensors(scalars.map((tensor, index) => ({ name: kind.scalars[index] ?? '', tensor }))),
  ]);
  return {
    className: optimizer.getClassName(),
    iterations: optimizer.iterations,
    numbers,
    slots: Object.fromEntries(kind.slots.map((slot, index) => [slot, slotData[index] ?? []])),
    scalars: Object.fromEntries(kind.scalars.map((name, index) => [name, scalarData[index]!])),
  };
}

/** Refuses a state that is not this optimizer's; touches nothing. */
export function checkOptimizerState(optimizer: OptimizerLike, state: OptimizerState): void {
  optimizerKind(optimizer);
  if (optimizer.getClassName() !== state.className) {
    throw fail({
      expected: `a state of the optimizer ${optimizer.getClassName()}`,
      received: `one of ${state.className}`,
      advice: 'Compile the model with the optimizer that the snapshot was taken with.',
    });
  }
}

/** Puts a state back, bit for bit: values in place where a slot exists, new or freed slots where not. */
export function writeOptimizerState(
  tf: Pick<typeof tfjs, 'tensor' | 'variable'>,
  optimizer: OptimizerLike,
  state: OptimizerState,
): void {
  const kind = optimizerKind(optimizer);
  const fields = optimizer as OptimizerFields;
  for (const name of kind.slots) {
    const slots = fields[name] as Slot[];
    const saved = state.slots[name] ?? [];
    for (const { variable } of slots.splice(saved.length)) variable.dispose();
    saved.forEach((data, index) => {
      const fresh = toTensor(tf, data);
      const slot = slots[index];
      if (slot === undefined) {
        slots[index] = { originalName: data.name, variable: tf.variable(fresh, false) };
      } else {
        slot.variable.assign(fresh);
      }
      fresh.dispose();
    });
  }
  setRate(fields, kind, state.numbers.learningRate!);
  const momentum = state.numbers[momentumField(kind)];
  if (kind.momentum !== null && momentum !== undefined) setMomentum(fields, kind, momentum);
  // After the momentum, which touches one of them.
  for (const name of kind.scalars) {
    const fresh = toTensor(tf, state.scalars[name]!);
    (fields[name] as tfjs.Variable).assign(fresh);
    fresh.dispose();
  }
  fields.iterations_ = state.iterations;
  forgetLastUpdate(optimizer);
}
