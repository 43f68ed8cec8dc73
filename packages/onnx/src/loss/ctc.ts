import { fail } from '../errors.ts';
import { DataType } from '../format/dataType.ts';
import { differentiate } from '../gradients/differentiate.ts';
import { scanSteps } from '../gradients/scanSteps.ts';
import { unknownDim } from '../graph/dim.ts';
import type { Ops } from '../graph/ops.ts';
import { shapeText } from '../show.ts';
import type { Logits } from './logits.ts';
import type { TermHead } from './target.ts';
import type { Term } from './terms.ts';

/** A finite number instead of log 0, so that sums of many of them stay finite. */
const logOfZero = -1e30;
/** The value that pads the labels of an example with fewer labels than others. */
const padding = -1;

/** Inserts blanks: labels [N, S] with a blank before, between and after them, [N, 2·S + 1]. */
function withBlanks(b: Ops, labels: string, blank: string): string {
  const blanks = b.expand(blank, b.emit('Shape', [labels]));
  const pairs = b.concat([b.unsqueeze(labels, [2]), b.unsqueeze(blanks, [2])], 2);
  return b.concat([b.slice(blanks, [0], [1], [1]), b.reshape(pairs, [0, -1])], 1);
}

/** Shifts columns to the right, and fills the vacated columns at the left. */
function shifted(b: Ops, values: string, by: number, fill: string): string {
  const filling = b.expand(fill, b.emit('Shape', [b.slice(values, [0], [by], [1])]));
  return b.concat([filling, b.slice(values, [0], [-by], [1])], 1);
}

/**
 * Connectionist temporal classification (Graves et al. 2006), like PyTorch's `ctc_loss` with `reduction='mean'`: the
 * mean over examples of −log p(labels given logits) divided by the example's number of labels. The probability p is a
 * sum over all alignments of the labels with the steps, from the first step to the last. The loss is infinite if an
 * example has too few steps for its labels.
 *
 * @param logits - [N, T, C], or [T, N, C] with `timeAxis` 0
 * @param name - the name of the target: int64 labels [N, S], padded with −1
 */
export function ctc(b: Ops, { value: logits, back }: Logits, name: string, term: Term): TermHead {
  const dims = b.shape(logits);
  const time = term.timeAxis;
  if (dims.length !== 3) {
    throw fail(
      'logits of three axes for the loss "ctc"',
      `an output of shape ${shapeText(dims)}`,
      'Choose the output of shape [examples, steps, classes] with `output`.',
    );
  }
  const classes = dims[2];
  if (typeof classes === 'number' && term.blank >= classes) {
    throw fail(`blank to be one of the ${classes} classes`, `blank = ${term.blank}`, 'Count classes from 0.');
  }
  const batch = dims[1 - time] ?? unknownDim();
  b.declare(name, DataType.INT64, [batch, unknownDim()]);
  const mark = b.nodes.length;
  const logs = b.emit('LogSoftmax', [logits], { axis: 2 });
  const ordered = time === 0 ? logs : b.transpose(logs, [1, 0, 2]);
  const [zero, never] = [b.scalar(0, logits), b.scalar(logOfZero, logits)];
  const blank = b.int(term.blank);
  const counted = b.emit('Not', [b.equal(name, b.int(padding))]);
  const path = withBlanks(b, b.where(counted, name, blank), blank);
  // A path may go from a label directly to the next one without a blank between them, unless they are equal.
  const differs = b.emit('Not', [b.equal(path, shifted(b, path, 2, blank))]);
  const isLabel = b.emit('Not', [b.equal(path, blank)]);
  const leap = b.where(b.emit('And', [differs, isLabel]), zero, never);
  const steps = b.concat([b.sizeAt(ordered, 0), b.emit('Shape', [path])], 0);
  const index = b.expand(b.unsqueeze(path, [0]), steps);
  const emitted = b.emit('GatherElements', [ordered, index], { axis: 2 });
  const places = b.emit('Range', [b.int(0), b.squeeze(b.sizeAt(path, 1), [0]), b.int(1)]);
  const first = b.where(b.equal(places, b.int(0)), zero, never);
  const start = b.expand(first, b.emit('Shape', [path]));
  b.declare(start, b.type(logits).type, [batch, unknownDim()]);
  const { states } = scanSteps(b, [start], [emitted], false, ([before = ''], [row = '']) => {
    const ways = [before, shifted(b, before, 1, never), b.add(shifted(b, before, 2, never), leap)].map(
      (way) => b.unsqueeze(way, [0]),
    );
    const sum = b.emit('ReduceLogSumExp', [b.concat(ways, 0), b.ints([0])], { keepdims: 0 });
    return { states: [b.add(sum, row)], collected: [] };
  });
  const counts = b.reduceSum(b.cast(counted, DataType.INT64), [1], true);
  const ends = b.mul(counts, b.int(2));
  const isEnd = (place: string): string => b.where(b.equal(places, place), zero, never);
  const last = isEnd(ends);
  const beforeLast = isEnd(b.sub(ends, b.int(1)));
  const final = states[0] as string;
  const both = b.concat([b.add(final, last), b.add(final, beforeLast)], 1);
  const likelihood = b.emit('ReduceLogSumExp', [both, b.ints([1])], { keepdims: 0 });
  const length = b.emit('Max', [b.castLike(b.squeeze(counts, [1]), logits), b.scalar(1, logits)]);
  const each = b.div(b.neg(likelihood), length);
  const share = b.div(b.scalar(1, logits), b.castLike(b.count(each), logits));
  const mean = b.mul(b.sumAll(each), share);
  const nodes = b.nodes.slice(mark);
  const gradient = differentiate(b, nodes, new Map([[mean, b.scalar(1, logits)]]), [logits], () => b.opset);
  const impossible = b.greater(b.neg(likelihood), b.scalar(-logOfZero / 10, logits));
  const some = b.greater(b.sumAll(b.cast(impossible, DataType.FLOAT)), b.literal(DataType.FLOAT, [], [0]));
  const loss = b.where(some, b.scalar(Number.POSITIVE_INFINITY, logits), mean);
  return {
    loss,
    outputs: b.exp(logs),
    target: {
      name,
      type: DataType.INT64,
      dims: [batch, unknownDim()],
      of: logits,
      // The label axis (−1) matches no axis of the logits, so it may have any size.
      axes: [1 - time, -1],
      ...(classes === undefined ? {} : { classes }),
      ignored: padding,
    },
    seeds: back(gradient.get(logits) as string),
  };
}
