// Text and number formats, without a drawing library.
export { describeFinding } from './describeFinding.ts';
export type { ReportTable } from './renderTable.ts';
export { troughTable } from './troughTable.ts';
export { formatCount, formatNumber, formatRate, formatShare } from './words.ts';
