// The curves without a drawing library, for custom drawings.
export { type PolicyPoints, type PolicyPointsOptions, policyPoints } from './policyPoints.ts';
export { type Point, thin } from './thin.ts';
