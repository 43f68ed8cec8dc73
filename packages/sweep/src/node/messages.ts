import type { Job } from '../job.ts';

/** What the process of a sweep tells a worker. */
export type ToWorker = { readonly type: 'run'; readonly job: Job } | { readonly type: 'stop' };

/** What a worker tells the process that started it. Results are text, so that nothing changes on the way. */
export type FromWorker =
  | { readonly type: 'ready' }
  /** The module cannot be used: no job can be run. */
  | { readonly type: 'unusable'; readonly message: string }
  | { readonly type: 'step'; readonly step: number }
  | { readonly type: 'result'; readonly text: string }
  | { readonly type: 'stopped' }
  /** The job itself is at fault: it would fail again. */
  | { readonly type: 'failed'; readonly message: string };
