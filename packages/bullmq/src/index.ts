/// <reference types="node" />
export type { QueueOptions } from './connect.ts';
export { type SubmitOptions, type SubmitOutcome, submit } from './submit.ts';
export { type SweepWorker, type WorkerOptions, worker } from './worker.ts';
