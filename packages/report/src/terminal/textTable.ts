import type { ReportTable } from '../words/renderTable.ts';

/**
 * Formats a table in plain characters. All columns except the first are aligned to the right.
 *
 * @example
 * ```ts
 * const text = textTable({ caption: 'Rates', columns: ['step', 'rate'], rows: [['0', '0.001']] });
 * text.split('\n').length; // 4
 * ```
 */
export function textTable({ caption, columns, rows }: ReportTable): string {
  const all = [columns, ...rows];
  const widths = columns.map((_, at) => Math.max(...all.map((row) => row[at]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    `  ${row.map((cell, at) => (at ? cell.padStart(widths[at]!) : cell.padEnd(widths[at]!))).join('   ')}`;
  const rule = `  ${widths.map((width) => '─'.repeat(width)).join('   ')}`;
  return [`  ${caption}`, line(columns), rule, ...rows.map(line)].join('\n');
}
