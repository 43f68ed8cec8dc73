import type { Group } from './groups.ts';

/** The element type of a kernel: one number, or four neighbours. */
export type Element = 'f32' | 'vec4f';

/** The binding declarations of a group's windows, from binding number `first` on. */
export function declareWindows(
  group: Group,
  first: number,
  keep: (window: number) => boolean,
  element: Element = 'f32',
): string {
  return group.windows
    .map((_, index) => ({ index, access: group.written.has(index) ? 'read_write' : 'read' }))
    .filter(({ index }) => keep(index))
    .map(
      ({ index, access }, position) =>
        `@group(0) @binding(${first + position}) var<storage, ${access}> b${index}: array<${element}>;`,
    )
    .join('\n');
}

/** The windows that hold a piece's weights and gradient. */
export interface Pair {
  readonly value: number;
  readonly gradient: number;
}

/** The distinct pairs of a group, in the order of its pieces. */
export function pairsOf({ pieces }: Group): readonly Pair[] {
  const pairs: Pair[] = [];
  for (const { value, gradient } of pieces) {
    if (pairIndex(pairs, { value, gradient }) < 0) pairs.push({ value, gradient });
  }
  return pairs;
}

/** The index of this pair. */
export function pairIndex(pairs: readonly Pair[], { value, gradient }: Pair): number {
  return pairs.findIndex((pair) => pair.value === value && pair.gradient === gradient);
}

/**
 * WGSL code for the pair of the workgroup's `block`. Put the whole loop over a block into it: a `switch` at
 * every load made Adam six times slower on SwiftShader, which runs all cases of a `switch`.
 */
export function forPair(group: Group, text: (pair: Pair) => string): string {
  const pairs = pairsOf(group);
  if (pairs.length === 1) return text(pairs[0] as Pair);
  const cases = pairs.map((pair, index) => {
    const label = index === pairs.length - 1 ? 'default' : `case ${index}u`;
    return `${label}: { ${text(pair)} }`;
  });
  return `switch block.pair { ${cases.join('\n')} }`;
}
