// What is said in plain words and numbers: light, for it draws nothing.
export { describeFinding } from './describeFinding.ts';
export type { ReportTable } from './renderTable.ts';
export { troughTable } from './troughTable.ts';
export { formatCount, formatNumber, formatRate, formatShare } from './words.ts';
