/// <reference types="node" />
export type { Checkpoint } from './format.ts';
export { loadCheckpoint } from './loadCheckpoint.ts';
export { saveCheckpoint } from './saveCheckpoint.ts';
