/** The lines `text(0) … text(count − 1)`. */
export function each(count: number, text: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => text(index)).join('\n');
}

/** The lines `text(row, column)`, row by row. */
export function grid(rows: number, columns: number, text: (row: number, column: number) => string): string {
  return each(rows, (row) => each(columns, (column) => text(row, column)));
}

/** The number of multiply-adds in one iteration that makes the loop's own cost small. */
const wanted = 64;

/** The number of iterations to unroll, for a body of `perTurn` multiply-adds. */
function turns(perTurn: number): number {
  return Math.max(1, Math.floor(wanted / perTurn));
}

/** Repeats a body `count` times, unrolled. The body advances its own offsets. */
export function repeat(count: number, perTurn: number, body: string): string {
  const unroll = Math.min(count, turns(perTurn));
  const whole = Math.floor(count / unroll);
  const block = `{ ${body} }\n`;
  const loop =
    whole > 1
      ? `for (var turn = 0u; turn < ${whole}u; turn++) {\n${block.repeat(unroll)}}\n`
      : block.repeat(unroll);
  return loop + block.repeat(count - whole * unroll);
}

/** Repeats a body from `from` up to `end`, which only the device knows. */
export function repeatBetween(from: string, end: string, perTurn: number, body: string): string {
  const unroll = turns(perTurn);
  const block = `{ ${body} }\n`;
  const rest = `for (; turn < ${end}; turn++) {\n${block}}\n`;
  const most = `for (; turn + ${unroll}u <= ${end}; turn += ${unroll}u) {\n${block.repeat(unroll)}}\n`;
  return `var turn = ${from};\n${unroll > 1 ? most : ''}${rest}`;
}
