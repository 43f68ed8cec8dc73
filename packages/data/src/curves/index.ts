export { decodeText } from '../text/decodeText.ts';
export type { Curve, CurveOptions, CurveSource } from './curve.ts';
export { readCurve } from './readCurve.ts';
