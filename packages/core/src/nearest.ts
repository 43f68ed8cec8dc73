import { maxShown } from './limits.ts';

/**
 * Advice about an unknown name: the legal name that shares the most pairs of letters with it, if any shares enough.
 * Adapters use it too.
 *
 * @param otherwise - the advice if no name is near
 *
 * @example
 * ```ts
 * nearest('Dense', ['dense', 'conv2d']); // 'Did you mean "dense"?'
 * ```
 */
export function nearest(name: string, names: readonly string[], otherwise = 'Use one of these.'): string {
  const given = name.slice(0, maxShown).toLowerCase();
  let advice = otherwise;
  // A single shared pair of letters says nothing.
  let most = Math.max(1, given.length / 3);
  for (const legal of names) {
    const lower = legal.toLowerCase();
    const shared = [...given].filter((_, at) => lower.includes(given.slice(at, at + 2))).length;
    if (shared > most) [most, advice] = [shared, `Did you mean "${legal}"?`];
  }
  return advice;
}
