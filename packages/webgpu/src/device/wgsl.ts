/**
 * A number as a WGSL literal of type `f32`, rounded once.
 *
 * @example
 * ```ts
 * f32(0.1); // '0.10000000149011612f'
 * ```
 */
export function f32(value: number): string {
  return `${Math.fround(value)}f`;
}
