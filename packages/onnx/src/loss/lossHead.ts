import { fail } from '../errors.ts';
import { DataType } from '../format/dataType.ts';
import type { Dim } from '../graph/dim.ts';
import type { Ops } from '../graph/ops.ts';
import { show } from '../show.ts';
import { type Logits, logitOf, logitsOf } from './logits.ts';
import type { LossOptions } from './loss.ts';

/** The target of a loss: its declaration, and the value whose shape it has. */
export interface Target {
  readonly name: string;
  readonly type: number;
  readonly dims: readonly Dim[];
  readonly of: string;
  /** The axis of `of` for each axis of the target. */
  readonly axes: readonly number[];
}

/** The part of the graph after the model: its loss, and the gradients it starts with. */
export interface LossHead {
  /** The mean loss, a scalar. */
  readonly loss: string;
  /** The share classified right, a scalar. */
  readonly accuracy?: string;
  /** The model's prediction: probabilities for classifiers. Absent when the model computes its own loss. */
  readonly outputs?: string;
  /** The number of classes, for losses over classes. */
  readonly classes?: Dim;
  /** The target's declaration, unless the model computes its loss itself. */
  readonly target?: Target;
  /** The gradients of the loss with respect to values of the model. */
  readonly seeds: ReadonlyMap<string, string>;
}

function crossEntropy(
  b: Ops,
  { value: logits, back }: Logits,
  name: string,
  distribution: boolean,
): LossHead {
  const dims = b.shape(logits);
  if (dims.length < 2) {
    throw fail(
      'logits of shape [N, C] or [N, C, …] for the loss "crossEntropy"',
      `an output of rank ${dims.length}`,
      'Choose the output with `output`, or use another loss.',
    );
  }
  const logs = b.emit('LogSoftmax', [logits], { axis: 1 });
  const positionDims = [dims[0] as Dim, ...dims.slice(2)];
  const axes = dims.map((_, axis) => axis);
  const target = distribution
    ? { name, type: b.type(logits).type, dims, of: logits, axes }
    : {
        name,
        type: DataType.INT64,
        dims: positionDims,
        of: logits,
        axes: axes.filter((axis) => axis !== 1),
      };
  b.declare(name, target.type, target.dims);
  const shares = distribution ? name : b.oneHot(name, logits);
  const positions = distribution ? b.reduceSum(name, [1]) : name;
  const perPosition = b.div(b.scalar(1, logits), b.castLike(b.count(positions), logits));
  const loss = b.neg(b.mul(b.sumAll(b.mul(logs, shares)), perPosition));
  const likely = b.exp(logs);
  // A distribution need not sum to 1: softmax · Σ target − target.
  const expected = distribution ? b.mul(likely, b.reduceSum(name, [1], true)) : likely;
  const seed = b.mul(b.sub(expected, shares), perPosition);
  const right = b.emit('clr:IsCorrect', [logits, name]);
  const accuracy = b.emit('ReduceMean', [right], { keepdims: 0 });
  return { loss, accuracy, classes: dims[1] as Dim, outputs: likely, target, seeds: back(seed) };
}

type Regression = Record<'loss' | 'outputs' | 'seed', string>;

function meanSquare(b: Ops, y: string, target: string): Regression {
  const difference = b.sub(y, target);
  const share = b.div(b.scalar(1, y), b.castLike(b.count(y), y));
  return {
    loss: b.mul(b.sumAll(b.square(difference)), share),
    outputs: y,
    seed: b.mul(difference, b.mul(share, b.scalar(2, y))),
  };
}

/** max(y, 0) − y·t + log(1 + e^−|y|): finite for every y. */
function binaryCrossEntropy(b: Ops, y: string, target: string): Regression {
  const share = b.div(b.scalar(1, y), b.castLike(b.count(y), y));
  const tail = b.log(b.add(b.exp(b.neg(b.abs(y))), b.scalar(1, y)));
  const terms = b.add(b.sub(b.emit('Relu', [y]), b.mul(y, target)), tail);
  const outputs = b.emit('Sigmoid', [y]);
  return {
    loss: b.mul(b.sumAll(terms), share),
    outputs,
    seed: b.mul(b.sub(outputs, target), share),
  };
}

/**
 * Appends the loss to the graph.
 *
 * @param wanted - the value that the loss is taken of; see `lossInput`
 * @throws {ClrError} on an unknown loss
 */
export function appendLoss(b: Ops, wanted: string, options: LossOptions, target: string): LossHead {
  const { loss } = options;
  const nodes = [...b.nodes];
  const { type } = b.type(wanted);
  if (typeof loss === 'object' && loss !== null) {
    const dims = b.dims(wanted);
    if (dims?.some((dim) => dim !== 1)) {
      throw fail(
        'a scalar output as the loss',
        `"${wanted}" of shape [${dims.join(', ')}]`,
        'Reduce it to its mean in the model.',
      );
    }
    const scalar = dims?.length === 0 ? b.emit('Identity', [wanted]) : b.reshape(wanted, []);
    return { loss: scalar, seeds: new Map([[wanted, b.filled(b.shapeOf(wanted), 1, wanted)]]) };
  }
  if (loss === 'crossEntropy') {
    return crossEntropy(b, logitsOf(b, nodes, wanted), target, options.target === 'distribution');
  }
  if (loss !== 'mse' && loss !== 'bceWithLogits') {
    throw fail(
      'loss to be "crossEntropy", "mse", "bceWithLogits" or { output: name }',
      `loss = ${show(loss)}`,
      'Check its spelling.',
    );
  }
  const { value: y, back }: Logits =
    loss === 'mse'
      ? { value: wanted, back: (gradient) => new Map([[wanted, gradient]]) }
      : logitOf(b, nodes, wanted);
  const dims = b.shape(y);
  b.declare(target, type, dims);
  const head = loss === 'mse' ? meanSquare(b, y, target) : binaryCrossEntropy(b, y, target);
  const { outputs } = head;
  const axes = dims.map((_, axis) => axis);
  return {
    loss: head.loss,
    outputs,
    target: { name: target, type, dims, of: y, axes },
    seeds: back(head.seed),
  };
}
