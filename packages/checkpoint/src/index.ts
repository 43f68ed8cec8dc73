export type { Checkpoint, CheckpointStore } from './checkpoint.ts';
export { decodeCheckpoint } from './format/decodeCheckpoint.ts';
export { encodeCheckpoint } from './format/encodeCheckpoint.ts';
