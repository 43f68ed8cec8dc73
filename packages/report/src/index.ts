export type { PictureOptions } from './panels/pictureOptions.ts';
export { type PolicyPictureOptions, renderPolicy } from './pictures/renderPolicy.ts';
export { renderRangeTest } from './pictures/renderRangeTest.ts';
export { type ReportContent, type ReportRangeTest, renderReport } from './pictures/renderReport.ts';
export { renderRun } from './pictures/renderRun.ts';
export {
  describeFinding,
  formatCount,
  formatNumber,
  formatRate,
  formatShare,
  type ReportTable,
  troughTable,
} from './words/index.ts';
export type { NamedRun } from './words/namedRun.ts';
