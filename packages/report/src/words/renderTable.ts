import { escapeText } from './words.ts';

/** A table of the report. Cells are plain text. The first cell of each row is its name. */
export interface ReportTable {
  /** The caption above the table. */
  readonly caption: string;
  /** The headings of the columns. */
  readonly columns: readonly string[];
  /** The rows: one text for each column. */
  readonly rows: readonly (readonly string[])[];
}

/** An HTML table that scrolls if the screen is narrower. */
export function renderTable({ caption, columns, rows }: ReportTable): string {
  const head = columns.map((column) => `<th scope="col">${escapeText(column)}</th>`).join('');
  const body = rows.map(([name = '', ...cells]) => {
    const rest = cells.map((cell) => `<td>${escapeText(cell)}</td>`).join('');
    return `<tr><th scope="row">${escapeText(name)}</th>${rest}</tr>`;
  });
  return [
    `<div class="table" tabindex="0" role="region" aria-label="${escapeText(caption)}">`,
    `<table><caption>${escapeText(caption)}</caption>`,
    `<thead><tr>${head}</tr></thead>`,
    `<tbody>${body.join('')}</tbody></table></div>`,
  ].join('');
}
