// The way to these before @clr/checkpoint had its own package.
export type { Checkpoint } from '@clr/checkpoint';
export { loadCheckpoint, saveCheckpoint } from '@clr/checkpoint/node';
