import { fail } from '../errors.ts';
import { DataType } from '../format/dataType.ts';
import type { Dim } from '../graph/dim.ts';
import { axisOf } from '../graph/infer.ts';
import type { Ops } from '../graph/ops.ts';
import { shapeText } from '../show.ts';
import type { Logits } from './logits.ts';
import type { Target, TermHead } from './target.ts';
import type { Term } from './terms.ts';

/** The axis of the classes, and the other axes that could hold the classes. */
export interface ClassAxis {
  readonly axis: number;
  readonly others: readonly number[];
}

const without = (dims: readonly Dim[], axis: number): Dim[] => dims.filter((_, i) => i !== axis);

/**
 * Finds the axis of the classes: the given axis, or else axis 1, or the last fixed axis if axis 1 is dynamic. If a
 * target could fit two axes, the axis of the model's own Softmax decides. Without a Softmax, the shape is refused.
 */
export function classAxis(
  dims: readonly Dim[],
  told: number | undefined,
  softmax: () => number | undefined = () => undefined,
): ClassAxis {
  const rank = dims.length;
  if (rank < 2) {
    throw fail(
      'logits of shape [N, C] or [N, C, …] for the loss "crossEntropy"',
      `an output of rank ${rank}`,
      'Choose the output with `output`, or use another loss.',
    );
  }
  if (told !== undefined) {
    const axis = axisOf(told, rank);
    if (axis < 1 || axis >= rank) {
      throw fail(
        `axis to be one of the axes 1 to ${rank - 1} of the output`,
        `axis = ${told}`,
        'Axis 0 counts the examples; −1 is the last axis.',
      );
    }
    return { axis, others: [] };
  }
  const fixed = dims.flatMap((dim, i) => (i > 0 && typeof dim === 'number' ? [i] : []));
  const axis = typeof dims[1] === 'number' ? 1 : (fixed.at(-1) ?? 1);
  const others = dims.flatMap((_, i) => (i > 0 && i !== axis ? [i] : []));
  const same = others.find((other) => without(dims, other).join() === without(dims, axis).join());
  if (same !== undefined) {
    const own = softmax();
    if (own !== undefined && own > 0) return { axis: own, others: [] };
    throw fail(
      'the axis of the classes',
      `an output of shape ${shapeText(dims)}, in which axes ${axis} and ${same} have the same size`,
      `State the axis: loss: { type: 'crossEntropy', axis: ${same} }.`,
    );
  }
  return { axis, others };
}

/** The (weighted) mean over all positions of −log softmax at the target. */
export function crossEntropy(
  b: Ops,
  { value: logits, back }: Logits,
  { axis, others }: ClassAxis,
  name: string,
  distribution: boolean,
  { ignoreIndex, classWeights, labelSmoothing }: Term,
): TermHead {
  const dims = b.shape(logits);
  const classes = dims[axis] as Dim;
  const axes = dims.map((_, i) => i);
  const target: Target = distribution
    ? { name, type: b.type(logits).type, dims, of: logits, axes, classes, axis }
    : {
        name,
        type: DataType.INT64,
        dims: without(dims, axis),
        of: logits,
        axes: axes.filter((other) => other !== axis),
        classes,
        axis,
        ignored: ignoreIndex,
        classWeights,
        others: others.map((other) => without(dims, other)),
      };
  b.declare(name, target.type, target.dims);
  const logs = b.emit('LogSoftmax', [logits], { axis });
  const ignored = !distribution && ignoreIndex !== undefined ? b.equal(name, b.int(ignoreIndex)) : undefined;
  if (distribution && ignoreIndex !== undefined) {
    throw fail(
      'class indices as the target of a loss with ignoreIndex',
      'a distribution',
      'Leave ignoreIndex out, or give ignored positions a distribution of zeros.',
    );
  }
  const labels = ignored === undefined ? name : b.where(ignored, b.int(0), name);
  let shares = distribution ? name : b.oneHot(labels, logits, axis);
  const counted = shares;
  const one = b.scalar(1, logits);
  const plain = labelSmoothing === 0 && !classWeights;
  if (labelSmoothing > 0) {
    const size = b.castLike(b.squeeze(b.sizeAt(logits, axis), [0]), logits);
    shares = b.add(
      b.mul(shares, b.scalar(1 - labelSmoothing, logits)),
      b.div(b.scalar(labelSmoothing, logits), size),
    );
  }
  const weights = classWeights && weightColumn(b, logits, axis, classWeights);
  if (weights) shares = b.mul(shares, weights);
  if (ignored !== undefined) shares = b.where(b.unsqueeze(ignored, [axis]), b.scalar(0, logits), shares);
  const weighted = ignored !== undefined || (weights !== undefined && !distribution);
  let total: string;
  if (weighted) {
    const each = weights ? b.reduceSum(b.mul(counted, weights), [axis]) : undefined;
    const all = each ?? b.expand(one, b.shapeOf(name));
    total = b.sumAll(ignored === undefined ? all : b.where(ignored, b.scalar(0, logits), all));
  } else {
    total = b.castLike(b.count(distribution ? b.reduceSum(name, [axis]) : name), logits);
  }
  const perPosition = b.div(one, total);
  const loss = b.neg(b.mul(b.sumAll(b.mul(logs, shares)), perPosition));
  const likely = b.exp(logs);
  // The sum of the target at each position; 1 for a class index. The gradient is softmax · Σ target − target.
  const sums = distribution || !plain || ignored !== undefined;
  const expected = sums ? b.mul(likely, b.reduceSum(shares, [axis], true)) : likely;
  const seed = b.mul(b.sub(expected, shares), perPosition);
  const accuracy = accuracyOf(b, logits, axis, labels, ignored);
  return { loss, accuracy, outputs: likely, target, seeds: back(seed) };
}

/** The class weights, in a shape that broadcasts along the class axis. */
function weightColumn(b: Ops, logits: string, axis: number, weights: readonly number[]): string {
  const dims = b.shape(logits);
  const count = dims[axis];
  if (typeof count === 'number' && count !== weights.length) {
    throw fail(
      `a weight for each of the ${count} classes`,
      `classWeights of ${weights.length} numbers`,
      'Give one number for each class.',
    );
  }
  const type = b.type(logits).type || DataType.FLOAT;
  return b.literal(
    type,
    dims.map((_, i) => (i === axis ? weights.length : 1)),
    weights,
  );
}

/**
 * The share of positions whose class is right: the logits have their first maximum at the target's class. Ignored
 * positions do not count.
 */
function accuracyOf(
  b: Ops,
  logits: string,
  axis: number,
  target: string,
  ignored: string | undefined,
): string {
  const right = b.emit('clr:IsCorrect', [logits, target], { axis });
  if (ignored === undefined) return b.emit('ReduceMean', [right], { keepdims: 0 });
  const count = b.cast(b.emit('Not', [ignored]), DataType.FLOAT);
  return b.div(b.sumAll(b.mul(right, count)), b.sumAll(count));
}
