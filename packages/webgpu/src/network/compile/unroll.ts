/** `text(0) … text(count − 1)`, a line each. */
export function each(count: number, text: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => text(index)).join('\n');
}

/** The same over rows and columns. */
export function grid(rows: number, columns: number, text: (row: number, column: number) => string): string {
  return each(rows, (row) => each(columns, (column) => text(row, column)));
}

/** Multiply-adds that one turn of a loop should hold, so that the loop itself costs little beside them. */
const wanted = 64;

/** How many turns of a body with so many multiply-adds to write out. */
function turns(perTurn: number): number {
  return Math.max(1, Math.floor(wanted / perTurn));
}

/** `count` turns of a body that moves its own offsets on; short loops are written out. */
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

/** Turns of a body from `from` up to `end`, numbers known on the device only. */
export function repeatBetween(from: string, end: string, perTurn: number, body: string): string {
  const unroll = turns(perTurn);
  const block = `{ ${body} }\n`;
  const rest = `for (; turn < ${end}; turn++) {\n${block}}\n`;
  const most = `for (; turn + ${unroll}u <= ${end}; turn += ${unroll}u) {\n${block.repeat(unroll)}}\n`;
  return `var turn = ${from};\n${unroll > 1 ? most : ''}${rest}`;
}
