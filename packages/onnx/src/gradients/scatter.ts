import { int, text } from '../format/attributes.ts';
import type { NodeProto } from '../generated/onnx_pb.ts';
import { inputOf, sameAsInput } from '../graph/infer.ts';
import type { Gradient, GradientContext, Operators } from '../graph/operator.ts';
import type { Ops } from '../graph/ops.ts';
import { hasDepth, type Reduction, scatterAt } from './scatterAt.ts';

/** Functions that read and write at the positions of a scatter operator. */
interface Access {
  /** Combines updates with `data`, which has the shape of input 0. */
  readonly write: (data: string, updates: string, reduction: 'none' | 'add' | 'mul') => string;
  /** Reads the elements of `data` at the positions, in the shape of the updates. */
  readonly read: (data: string) => string;
}

const elements = ({ b, node, x }: GradientContext): Access => {
  const axis = int(node, 'axis', 0);
  return {
    write: (data, updates, reduction) =>
      b.emit('ScatterElements', [data, x(1), updates], { axis, reduction }),
    read: (data) => b.emit('GatherElements', [data, x(1)], { axis }),
  };
};

const slices = (c: GradientContext): Access => {
  const { b, x } = c;
  return {
    write: (data, updates, reduction) => {
      if (reduction === 'none') return b.emit('ScatterND', [data, x(1), updates]);
      if (!hasDepth(b, x(1))) throw c.refuse('the length of its positions is not known');
      return scatterAt(b, data, x(1), updates, reduction);
    },
    read: (data) => b.emit('GatherND', [data, x(1)]),
  };
};

/** Rewrites a node that combines updates at repeated positions, so that no update is lost to a data race. */
function withoutRace(node: NodeProto, b: Ops): void {
  const [data, positions, updates] = [0, 1, 2].map((i) => inputOf(node, i)) as [string, string, string];
  const reduction = text(node, 'reduction', 'none');
  if (reduction === 'none' || !b.dims(data) || !b.dims(updates) || !hasDepth(b, positions)) return;
  node.input = [scatterAt(b, data, positions, updates, reduction as Reduction)];
  node.opType = 'Identity';
  node.attribute = [];
}

/** Marks factors that are 0, and replaces them by 1. */
function withoutZeros({ b }: GradientContext, factors: string): { isZero: string; filled: string } {
  const isZero = b.equal(factors, b.scalar(0, factors));
  return { isZero, filled: b.where(isZero, b.scalar(1, factors), factors) };
}

/** y = x · Π updates. The gradient of each factor is g times the product of the others, even if some are 0. */
function productBack(c: GradientContext, { write, read }: Access): (string | undefined)[] {
  const { b, x, g, needs } = c;
  const others = write(b.onesLike(x(0)), x(2), 'mul');
  const ofUpdates = (): string => {
    const { isZero, filled } = withoutZeros(c, x(2));
    const zeros = read(write(b.zerosLike(x(0)), b.castLike(isZero, x(2)), 'add'));
    const product = read(b.mul(x(0), write(b.onesLike(x(0)), filled, 'mul')));
    const only = b.maskWith(b.equal(zeros, b.scalar(1, zeros)), product);
    const rest = b.maskWith(b.equal(zeros, b.scalar(0, zeros)), b.div(product, filled));
    return b.mul(read(g(0)), b.where(isZero, only, rest));
  };
  return [needs(0) ? b.mul(g(0), others) : undefined, undefined, needs(2) ? ofUpdates() : undefined];
}

/**
 * Max or min. If the data's element is the extreme, it gets the gradient. Otherwise the updates that equal the extreme
 * share the gradient evenly.
 */
function extremumBack(c: GradientContext, { write, read }: Access): (string | undefined)[] {
  const { b, x, y, g, needs } = c;
  const kept = b.equal(x(0), y(0));
  const rest = b.maskWith(b.emit('Not', [kept]), g(0));
  const ofUpdates = (): string => {
    const hits = b.castLike(b.equal(x(2), read(y(0))), x(2));
    const count = read(write(b.zerosLike(x(0)), hits, 'add'));
    const share = b.div(read(rest), b.emit('Max', [count, b.scalar(1, count)]));
    return b.mul(hits, share);
  };
  return [needs(0) ? b.maskWith(kept, g(0)) : undefined, undefined, needs(2) ? ofUpdates() : undefined];
}

const back =
  (access: (c: GradientContext) => Access): Gradient =>
  (c) => {
    const { b, node, x, g, needs } = c;
    const { write, read } = access(c);
    const reduction = text(node, 'reduction', 'none');
    if (reduction === 'mul') return productBack(c, { write, read });
    if (reduction === 'max' || reduction === 'min') return extremumBack(c, { write, read });
    const kept = (): string => (reduction === 'add' ? g(0) : write(g(0), b.zerosLike(x(2)), 'none'));
    return [needs(0) ? kept() : undefined, undefined, needs(2) ? read(g(0)) : undefined];
  };

const roles = { infer: sameAsInput, differentiable: [0, 2], zeroDerivative: { 1: 'positions' } };

/** Operators that write at computed positions. */
export const scatter: Operators = {
  ScatterElements: { ...roles, gradient: back(elements) },
  ScatterND: { ...roles, gradient: back(slices), toTraining: withoutRace, toInference: withoutRace },
};
