export { type Curve, type CurveOptions, type CurveSource, readCurve } from './curves/index.ts';
