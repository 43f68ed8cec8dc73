import { fail } from '../errors.ts';

/** An axis of a model's input: a size, or a name if the axis is dynamic. */
export type Axis = number | string;

/**
 * Checks that an array fits an input of a model. The error has advice for common mistakes: channels last instead of
 * first, flat examples, a missing channel.
 *
 * @param dims - the array's shape; its first axis counts the examples
 * @param wanted - the input's shape; undefined if the model does not state it
 * @throws {ClrError} with both shapes
 *
 * @example
 * ```ts
 * checkShape('image', [100, 3, 32, 32], ['batch', 3, 32, 32]); // undefined
 * ```
 */
export function checkShape(name: string, dims: readonly number[], wanted: readonly Axis[] | undefined): void {
  if (!wanted) return;
  const rest = wanted.slice(1);
  const fits = (shape: readonly number[]): boolean =>
    shape.length === rest.length && rest.every((axis, i) => typeof axis === 'string' || axis === shape[i]);
  const shape = dims.slice(1);
  if (fits(shape)) return;
  throw fail(
    `examples of shape [${rest.join(', ')}] for "${name}"`,
    `[${shape.join(', ')}], of an array [${dims.join(', ')}]`,
    adviceFor(name, shape, rest, fits),
  );
}

function adviceFor(
  name: string,
  shape: readonly number[],
  rest: readonly Axis[],
  fits: (shape: readonly number[]) => boolean,
): string {
  const [first, second, third] = shape as [number, number, number];
  if (shape.length === 3 && fits([third, first, second]))
    return `The channels are last, but the model expects them first: ${name}.transpose(0, 3, 1, 2).`;
  if (shape.length === 3 && fits([second, third, first]))
    return `The channels are first, but the model expects them last: ${name}.transpose(0, 2, 3, 1).`;
  if (shape.length === 2 && fits([1, first, second])) return `The one channel is missing: ${name}[:, None].`;
  if (shape.length === 2 && fits([first, second, 1]))
    return `The one channel is missing: ${name}[..., None].`;
  const fixed = rest.filter((axis): axis is number => typeof axis === 'number');
  const product = (list: readonly number[]): number => list.reduce((all, dim) => all * dim, 1);
  if (fixed.length === rest.length && product(fixed) === product(shape))
    return `The number of values is right, but the shape differs: ${name}.reshape(-1, ${fixed.join(', ')}).`;
  return 'Give data of that shape, or a model for these data.';
}
