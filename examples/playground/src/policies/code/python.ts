/** The code of the same schedule in another library, or the reason why that library has no such schedule. */
export type Translation = { readonly code: string; readonly note?: string } | { readonly missing: string };

/** A number as a Python float, because some arguments may not be integers. */
export const py = (value: number): string => (/^\d+$/.test(String(value)) ? `${value}.0` : String(value));

/** A call with keyword arguments, one per line if there are many. */
export function call(name: string, args: readonly string[]): string {
  const line = `${name}(${args.join(', ')})`;
  return line.length <= 88
    ? line
    : `${name}(\n${args.map((arg) => `    ${arg.replaceAll('\n', '\n    ')},`).join('\n')}\n)`;
}

/** A list of numbers, several on a line. */
export function list(values: readonly number[]): string {
  const line = `[${values.map(py).join(', ')}]`;
  if (line.length <= 76) return line;
  const rows: string[] = [];
  for (const value of values.map(py)) {
    const row = rows.at(-1);
    if (row !== undefined && row.length + value.length < 70) rows[rows.length - 1] = `${row} ${value},`;
    else rows.push(`    ${value},`);
  }
  return `[\n${rows.join('\n')}\n]`;
}

/** The steps of a warm-up or cooldown, rounded as in core. */
export const stretchOf = (value: number, steps: number, most: number): number =>
  Math.min(most, Math.round(value < 1 ? value * steps : value));
