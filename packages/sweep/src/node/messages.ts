import type { Job } from '../job.ts';

/** A message from a sweep's process to a worker. */
export type ToWorker = { readonly type: 'run'; readonly job: Job } | { readonly type: 'stop' };

/** A message from a worker to the process that started it. Results are sent as text, so that they stay unchanged. */
export type FromWorker =
  | { readonly type: 'ready' }
  /** The module cannot be used, so no job can run. */
  | { readonly type: 'unusable'; readonly message: string }
  | { readonly type: 'step'; readonly step: number }
  | { readonly type: 'result'; readonly text: string }
  | { readonly type: 'stopped' }
  /** The job itself failed, and would fail again. */
  | { readonly type: 'failed'; readonly message: string };
