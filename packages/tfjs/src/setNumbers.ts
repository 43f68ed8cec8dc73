import {
  momentumField,
  type OptimizerFields,
  type OptimizerKind,
  type TensorLike,
  unlikeTfjs,
} from './optimizerKind.ts';

/** Sets the rate in the field that this optimizer's update reads. */
export function setRate(optimizer: OptimizerFields, kind: OptimizerKind, lr: number): void {
  if (kind.rateTensor) {
    const before = optimizer.c;
    (optimizer.setLearningRate as (lr: number) => void)(lr);
    if (optimizer.c === before)
      throw unlikeTfjs(optimizer.getClassName(), 'a setLearningRate() that renews `c`');
  } else {
    optimizer.learningRate = lr;
  }
}

/** Sets the momentum in the field that this optimizer's update reads. */
export function setMomentum(optimizer: OptimizerFields, kind: OptimizerKind, momentum: number): void {
  optimizer[momentumField(kind)] = momentum;
  if (kind.momentum === 'tensor') {
    const before = optimizer.m as TensorLike;
    optimizer.m = keptScalar(optimizer, momentum);
    before.dispose();
  } else if (kind.momentum === 'beta1') {
    // tfjs corrects the bias with a running product of all values of beta1 so far. So clr sets the product before each
    // update, to the new beta1 to the power of the update's number.
    assignScalar(optimizer, 'accBeta1', momentum ** (optimizer.iterations + 1));
  }
}

// setMomentum() of tfjs does not change the tensor that the update uses. A new tensor must come from the same copy of
// tfjs-core, which only the optimizer can reach. So call its setLearningRate() on a stand-in object, which then holds a
// kept scalar −lr.
function keptScalar(optimizer: OptimizerFields, value: number): TensorLike {
  const holder: { c: TensorLike | null } = { c: null };
  (optimizer.setLearningRate as (this: object, lr: number) => void).call(holder, -value);
  if (!holder.c) throw unlikeTfjs(optimizer.getClassName(), 'a setLearningRate() that stores `c`');
  return holder.c;
}

/** Assigns a number to a scalar variable of Adam or Adamax without access to tfjs. */
function assignScalar(optimizer: OptimizerFields, name: string, value: number): void {
  // A new optimizer of the same class has such a variable, and a constructor argument sets its value.
  const donor = new (tfjsClass(optimizer))(0, value, 0, 1e-7);
  const fresh = donor[name];
  (optimizer[name] as { assign(value: unknown): void }).assign(fresh);
  donor.dispose();
}

type Adaptive = OptimizerFields & { dispose(): void };

/** The tfjs class of an optimizer, even if the optimizer is of a subclass: the class that owns `className`. */
function tfjsClass(
  optimizer: OptimizerFields,
): new (
  lr: number,
  beta1: number,
  beta2: number,
  epsilon: number,
) => Adaptive {
  let prototype = Object.getPrototypeOf(optimizer);
  while (prototype !== null && !Object.hasOwn(prototype.constructor, 'className')) {
    prototype = Object.getPrototypeOf(prototype);
  }
  if (prototype === null) throw unlikeTfjs(optimizer.getClassName(), 'a `className` on its class');
  return prototype.constructor;
}
