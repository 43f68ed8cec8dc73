// The curves alone, for drawings of one's own: light, for nothing here draws.
export { type PolicyPoints, type PolicyPointsOptions, policyPoints } from './policyPoints.ts';
export { type Point, thin } from './thin.ts';
