export type { NamedRun } from './namedRun.ts';
export type { PictureOptions } from './panel.ts';
export { type PolicyPictureOptions, renderPolicy } from './renderPolicy.ts';
export { renderRangeTest } from './renderRangeTest.ts';
export { type ReportContent, type ReportRangeTest, renderReport } from './renderReport.ts';
export { renderRun } from './renderRun.ts';
export {
  describeFinding,
  formatCount,
  formatNumber,
  formatRate,
  formatShare,
  type ReportTable,
  troughTable,
} from './wordsIndex.ts';
