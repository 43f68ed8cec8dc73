import { fail } from '../errors.ts';
import { int, ints } from '../format/attributes.ts';
import { describeNode } from '../format/describeNode.ts';
import type { NodeProto } from '../generated/onnx_pb.ts';
import type { Dim } from '../graph/dim.ts';
import { axisOf, inputOf } from '../graph/infer.ts';
import type { Ops } from '../graph/ops.ts';

/** The old and the new size of an axis that has a fixed size in the file. */
export interface Change {
  readonly old: number;
  readonly size: number;
}

/** Replaces old sizes that a node's constants contain. Call it for each node before it is appended. */
export type Resize = (node: NodeProto, b: Ops) => void;

/** The error for a node whose constants cannot be changed to a new size. */
function cannotFollow(node: NodeProto, { old, size }: Change, why: string): Error {
  return fail(
    `a model whose nodes still work when an axis changes from size ${old} to ${size}`,
    `${describeNode(node)}, which ${why}`,
    'Export the model with that axis free (dynamic_axes), or with the size that you need.',
  );
}

/**
 * Refuses a node whose input shapes match in the file, but not with the new sizes. The cause is an earlier node whose
 * output keeps its size, such as a Resize to a fixed size.
 */
function checkFit(node: NodeProto, b: Ops): void {
  const joins = node.opType === 'Concat';
  if (node.domain !== '' || !(joins || /^(Add|Sub|Mul|Div|Where|Sum)$/.test(node.opType))) return;
  const [first, ...others] = node.input.map((name) => b.dims(name)).filter((dims) => dims !== undefined);
  if (!first) return;
  // Axes are counted from the last one, as in broadcasting.
  const along = joins ? axisOf(int(node, 'axis', 0), first.length) - first.length : undefined;
  const clash = (dims: readonly Dim[], axis: number): boolean => {
    const [size, other] = [dims.at(axis), first.at(axis)];
    if (typeof size !== 'number' || typeof other !== 'number' || size === other) return false;
    return joins ? axis !== along : size !== 1 && other !== 1;
  };
  const clashing = others.find((dims) => dims.some((_, i) => clash(dims, i - dims.length)));
  if (!clashing) return;
  throw fail(
    'a model whose nodes still work with the given `sizes`',
    `${describeNode(node)}, which would take shapes [${first.join(', ')}] and [${clashing.join(', ')}]`,
    'A node before it, such as a Resize, keeps a size of the file. Export the model with these axes free (dynamic_axes), or with the size that you need.',
  );
}

/** An axis's size in the file. The axis is a number, or an expression with symbols for the sizes that change. */
function oldSize(dim: Dim, symbols: ReadonlyMap<string, Change>): number | undefined {
  if (typeof dim === 'number') return dim;
  let size = 1;
  for (const factor of dim.split('*')) {
    const known = symbols.get(factor)?.old ?? Number(factor);
    if (!Number.isInteger(known)) return undefined;
    size *= known;
  }
  return size;
}

const product = (sizes: readonly number[]): number => sizes.reduce((all, size) => all * size, 1);

/**
 * A key that identifies a node in both passes over the model: with symbols, and with the new sizes. Names that clr made
 * are left out, because they may differ between the passes.
 */
function keyOf(node: NodeProto, b: Ops): string {
  const made = node.output.find((name) => name !== '') ?? '';
  return `${node.opType} ${b.made(made) ? node.name : made}`;
}

/** Finds the constants that repeat a changed size. */
export function fixedSizes(symbols: ReadonlyMap<string, Change>): {
  /** Examines a node of the graph in which symbols replace the sizes. */
  visit(node: NodeProto, b: Ops): void;
  /** Changes the same node in the graph with the new sizes. */
  resize: Resize;
} {
  const shapes = new Map<string, readonly number[]>();
  const repeated = new Map<string, readonly { input: number; axis: number; size: number }[]>();
  /** The size change that an axis depends on, if any. */
  const changeOf = (dim: Dim | undefined): Change | undefined => {
    if (typeof dim !== 'string') return undefined;
    return [...symbols].find(([symbol]) => dim.includes(symbol))?.[1];
  };

  /** Updates the constant target shape of a Reshape, axis by axis. */
  const reshape = (node: NodeProto, b: Ops): void => {
    const from = b.dims(inputOf(node, 0));
    const given = b.numbers(inputOf(node, 1));
    if (!from || !given || !from.some(changeOf)) return;
    const old = from.map((dim) => oldSize(dim, symbols));
    const next = [...given];
    // The same shape, but with the axis copied (0) or inferred (−1), so that the symbol is propagated.
    const followed = [...given];
    from.forEach((dim, axis) => {
      const change = changeOf(dim);
      if (!change) return;
      if (old.includes(undefined)) throw cannotFollow(node, change, 'has axes of unknown size');
      const sizes = old as number[];
      const rest = product(
        given.map((size, i) => (size === 0 ? (sizes[i] as number) : size === -1 ? 1 : size)),
      );
      const whole = given.map((size, i) =>
        size === 0 ? (sizes[i] as number) : size === -1 ? product(sizes) / rest : size,
      );
      const before = product(sizes.slice(0, axis));
      const at = whole.findIndex(
        (size, i) => product(whole.slice(0, i)) === before && size % (sizes[axis] as number) === 0,
      );
      if (at < 0) throw cannotFollow(node, change, `gives its result the fixed shape [${given.join(', ')}]`);
      if ((given[at] as number) <= 0) return;
      next[at] = ((given[at] as number) / change.old) * change.size;
      const copied = at === axis && given[at] === change.old;
      if (!copied && followed.includes(-1)) {
        throw cannotFollow(node, change, `gives its result the fixed shape [${given.join(', ')}]`);
      }
      followed[at] = copied ? 0 : -1;
    });
    if (next.every((size, i) => size === given[i])) return;
    shapes.set(keyOf(node, b), next);
    node.input[1] = b.ints(followed);
  };

  /**
   * If an axis grows from size 1, repeats the values that still have size 1 along it, such as a class token or the
   * initial state of a recurrent layer.
   */
  const repeat = (
    node: NodeProto,
    b: Ops,
    inputs: readonly number[],
    like: number,
    axes: (axis: number, input: number) => number,
  ): void => {
    const wanted = b.dims(inputOf(node, like));
    const found = inputs.flatMap((input) =>
      (b.dims(inputOf(node, input)) ?? []).flatMap((dim, axis) => {
        const change = changeOf(wanted?.[axes(axis, input)]);
        return change && dim === change.old && change.old === 1 ? [{ input, axis, size: change.size }] : [];
      }),
    );
    if (found.length === 0) return;
    repeated.set(keyOf(node, b), found);
    for (const { input, axis } of found) {
      const { type, dims = [] } = b.type(inputOf(node, input));
      const like = wanted?.[axes(axis, input)] as Dim;
      node.input[input] = b.declare(
        b.uniqueName('repeated'),
        type,
        dims.map((dim, i) => (i === axis ? like : dim)),
      );
    }
  };

  const visit = (node: NodeProto, b: Ops): void => {
    if (node.domain !== '') return;
    const dims = b.dims(inputOf(node, 0));
    switch (node.opType) {
      case 'Reshape':
        reshape(node, b);
        return;
      case 'Concat': {
        const all = node.input.map((_, i) => i);
        const like = all.find((i) => b.dims(inputOf(node, i))?.some(changeOf));
        if (like !== undefined)
          repeat(
            node,
            b,
            all.filter((i) => i !== like),
            like,
            (axis) => axis,
          );
        return;
      }
      case 'LSTM':
      case 'GRU':
      case 'RNN':
        // States are [directions, batch, width], inputs are [steps, batch, width].
        repeat(node, b, [5, 6], 0, (axis) => (axis === 1 ? 1 : -1));
        return;
      case 'Gather': {
        const axis = axisOf(
          Number(node.attribute.find(({ name }) => name === 'axis')?.i ?? 0),
          dims?.length ?? 0,
        );
        const change = changeOf(dims?.[axis]);
        if (change && b.constant(inputOf(node, 1)))
          throw cannotFollow(node, change, 'takes fixed positions of that axis');
        return;
      }
      case 'Squeeze': {
        const axes = b.numbers(inputOf(node, 1)) ?? ints(node, 'axes') ?? [];
        const change = axes.map((axis) => changeOf(dims?.[axisOf(axis, dims.length)])).find((item) => item);
        if (change) throw cannotFollow(node, change, 'drops that axis');
        return;
      }
      case 'Split': {
        const axis = axisOf(
          Number(node.attribute.find(({ name }) => name === 'axis')?.i ?? 0),
          dims?.length ?? 0,
        );
        const change = changeOf(dims?.[axis]);
        if (change) throw cannotFollow(node, change, 'splits that axis');
        return;
      }
      case 'Slice': {
        const starts = b.numbers(inputOf(node, 1)) ?? [];
        const ends = b.numbers(inputOf(node, 2)) ?? [];
        const axes = b.numbers(inputOf(node, 3)) ?? starts.map((_, i) => i);
        axes.forEach((given, i) => {
          const change = changeOf(dims?.[axisOf(given, dims.length)]);
          const whole = starts[i] === 0 && (ends[i] ?? 0) > 1e9;
          if (change && !whole) throw cannotFollow(node, change, 'takes a fixed part of that axis');
        });
        return;
      }
      default:
    }
  };

  const resize: Resize = (node, b) => {
    const key = keyOf(node, b);
    const shape = node.opType === 'Reshape' ? shapes.get(key) : undefined;
    if (shape) node.input[1] = b.ints(shape);
    for (const { input, axis, size } of repeated.get(key) ?? []) {
      const name = inputOf(node, input);
      const times = b.shape(name).map((_, i) => (i === axis ? size : 1));
      node.input[input] = b.expand(name, b.ints(times));
    }
    checkFit(node, b);
  };
  return { visit, resize };
}
