export { describeFinding } from './describeFinding.ts';
export type { PictureOptions } from './panels.ts';
export { type PolicyPictureOptions, renderPolicy } from './renderPolicy.ts';
export { renderRangeTest } from './renderRangeTest.ts';
export { type ReportContent, renderReport } from './renderReport.ts';
export { type NamedRun, renderRun } from './renderRun.ts';
export type { ReportTable } from './renderTable.ts';
export { troughTable } from './troughTable.ts';
export { formatCount, formatNumber, formatRate, formatShare } from './words.ts';
