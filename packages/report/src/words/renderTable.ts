import { escapeText } from './words.ts';

/** A table of the report; cells are plain text, and the first of each row names the row. */
export interface ReportTable {
  readonly caption: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** A table in HTML: it scrolls by itself where the screen is narrower. */
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
