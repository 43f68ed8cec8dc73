// Kept for old imports. These functions are now in @clr/checkpoint.
export type { Checkpoint } from '@clr/checkpoint';
export { loadCheckpoint, saveCheckpoint } from '@clr/checkpoint/node';
