import { maxShown } from './limits.ts';

/**
 * Advice about an unknown name: the legal name that the fewest edits make of it, if these are few and there is only one
 * such name. Adapters use it too.
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
  // A word of two or three letters allows one edit, a longer one also a letter replaced by two (alfa, alpha).
  let least = Math.max([0, 0, 1, 1][given.length] ?? 1.4, given.length / 4) + 0.01;
  for (const legal of names) {
    // Letters that are missing or too many say less than wrong ones: one name may be a part of the other.
    const distance = edits(given, legal.toLowerCase()) - 0.6 * Math.abs(legal.length - given.length);
    if (distance > least) continue;
    advice = distance < least ? `Did you mean "${legal}"?` : otherwise;
    least = distance;
  }
  return advice;
}

/** The fewest letters to insert, delete, replace, or exchange with a neighbour to make `b` of `a`. */
function edits(a: string, b: string): number {
  let row = [...Array(b.length + 1).keys()];
  let [old, older] = [row, row];
  for (let i = 0; i < a.length; i++) {
    [older, old, row] = [old, row, [i + 1]];
    for (let j = 0; j < b.length; j++) {
      const swapped = a[i] === b[j - 1] && a[i - 1] === b[j];
      const least = Math.min(row[j]!, old[j + 1]!, swapped ? older[j - 1]! : Infinity);
      row[j + 1] = Math.min(least + 1, old[j]! + (a[i] === b[j] ? 0 : 1));
    }
  }
  return row[b.length]!;
}
