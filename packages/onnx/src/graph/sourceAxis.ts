import { int, ints } from '../format/attributes.ts';
import type { NodeProto } from '../generated/onnx_pb.ts';
import { type Dim, productOf } from './dim.ts';
import type { Graph } from './graph.ts';
import { axesOf, axisOf, inputOf } from './infer.ts';

/** Operators that only move, select or cast elements. */
const layoutOnly: ReadonlySet<string> = new Set([
  'Identity',
  'Cast',
  'CastLike',
  'Transpose',
  'Reshape',
  'Flatten',
  'Squeeze',
  'Unsqueeze',
  'Slice',
  'Gather',
]);

/** Whether a node only moves, selects or casts elements of its first input. */
export function isLayout({ opType, domain }: NodeProto): boolean {
  return (domain === '' || domain === 'ai.onnx') && layoutOnly.has(opType);
}

/**
 * The axis of a layout node's input that becomes axis `axis` of its output. It is `undefined` if the shapes do not
 * determine it, or if the output's axis is made from several axes or from a part of one.
 */
export function sourceAxis(node: NodeProto, axis: number, b: Graph): number | undefined {
  const from = b.dims(inputOf(node, 0));
  const to = b.dims(node.output[0] ?? '');
  if (!from || !to) return undefined;
  const given = inputOf(node, 1) === '' ? undefined : b.numbers(inputOf(node, 1));
  switch (node.opType) {
    case 'Transpose':
      return (ints(node, 'perm') ?? from.map((_, i) => from.length - 1 - i))[axis];
    case 'Unsqueeze': {
      const added = given && axesOf(given, to.length);
      if (!added || added.includes(axis)) return undefined;
      return to.flatMap((_, i) => (added.includes(i) ? [] : [i])).indexOf(axis);
    }
    case 'Squeeze': {
      const gone = given ? axesOf(given, from.length) : from.flatMap((size, i) => (size === 1 ? [i] : []));
      return from.flatMap((_, i) => (gone.includes(i) ? [] : [i]))[axis];
    }
    case 'Slice': {
      const axes = inputOf(node, 3) === '' ? from.map((_, i) => i) : b.numbers(inputOf(node, 3));
      return axes && !axesOf(axes, from.length).includes(axis) ? axis : undefined;
    }
    case 'Gather': {
      const gathered = axisOf(int(node, 'axis', 0), from.length);
      const added = to.length - from.length + 1;
      if (axis < gathered) return axis;
      return axis < gathered + added ? undefined : axis - added + 1;
    }
    case 'Reshape':
    case 'Flatten':
      return sameBlock(from, to, axis);
    default:
      return axis;
  }
}

/** The input axis that matches `axis`: it has the same size, and as many elements before it or after it. */
function sameBlock(from: readonly Dim[], to: readonly Dim[], axis: number): number | undefined {
  const found = from.findIndex(
    (size, i) =>
      size === to[axis] &&
      (productOf(from.slice(0, i)) === productOf(to.slice(0, axis)) ||
        productOf(from.slice(i + 1)) === productOf(to.slice(axis + 1))),
  );
  return found < 0 ? undefined : found;
}
