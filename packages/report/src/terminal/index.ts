export type { ChartSize } from './plotCurve.ts';
export { plotPolicy } from './plotPolicy.ts';
export { plotRangeTest } from './plotRangeTest.ts';
export { textTable } from './textTable.ts';
