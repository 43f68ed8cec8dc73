import type { Group } from './groups.ts';

/** What a kernel reads and writes at once: one number, or four neighbours. */
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

/** `fn name(window: u32, i: u32) -> element`: reads one of several windows. */
export function loadFunction(name: string, windows: readonly number[], element: Element = 'f32'): string {
  return `fn ${name}(window: u32, i: u32) -> ${element} {
  ${choose(windows, (index) => `return b${index}[i];`)}
}`;
}

/** `fn name(window: u32, i: u32, x: element)`: writes one of several windows. */
export function storeFunction(name: string, windows: readonly number[], element: Element = 'f32'): string {
  return `fn ${name}(window: u32, i: u32, x: ${element}) {
  ${choose(windows, (index) => `b${index}[i] = x;`)}
}`;
}

/** The window is the same for a whole workgroup, so the switch costs nothing but a jump. */
function choose(windows: readonly number[], action: (index: number) => string): string {
  const [first, ...rest] = windows;
  if (rest.length === 0) return action(first as number);
  const cases = windows.slice(0, -1).map((index) => `case ${index}u: { ${action(index)} }`);
  return `switch window { ${cases.join(' ')} default: { ${action(windows.at(-1) as number)} } }`;
}
