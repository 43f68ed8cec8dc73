import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkOptionNames } from '@clr/core';
import { fail, inWords } from '../errors.ts';
import type { Job } from '../job.ts';
import { parseJob } from '../parseJob.ts';
import { parseResult, type TrialResult } from '../trialResult.ts';
import type { FromWorker, ToWorker } from './messages.ts';

/** Options of {@link createTrialProcess}. */
export interface TrialProcessOptions {
  /** The path of a module that exports `open`. */
  readonly module: string | URL;
  /**
   * The folder for checkpoints, which must exist. By default no checkpoints are written, and a job whose process
   * crashes starts from the beginning.
   */
  readonly folder?: string;
  /**
   * Node's flags for the process, such as `['--import', 'tsx']` for a TypeScript module. Default: those of this
   * process.
   */
  readonly execArgv?: readonly string[];
}

/** The outcome of one job. */
export type TrialOutcome =
  | {
      /** The job has a result. */
      readonly type: 'result';
      /** The result. */
      readonly result: TrialResult;
    }
  /** The signal stopped it. */
  | {
      /** The job was stopped. */
      readonly type: 'stopped';
    }
  /** The job itself failed, and would fail again. */
  | {
      /** The job failed. */
      readonly type: 'failed';
      /** The error's message. */
      readonly message: string;
    }
  /** The process was killed or crashed. The next job gets a fresh one. */
  | {
      /** The process was lost. */
      readonly type: 'lost';
      /** A description of its end. */
      readonly message: string;
    };

/**
 * A child process that runs jobs one at a time. The first job starts it. If it crashes, the next job starts it again.
 */
export interface TrialProcess {
  /** The id of the last process that was started. */
  readonly pid: number | undefined;
  /** Runs a job, from its checkpoint if there is one. Throws if the module cannot be used. */
  run(
    job: Job,
    options?: { readonly signal?: AbortSignal; readonly onStep?: (step: number) => void },
  ): Promise<TrialOutcome>;
  /** Ends the process. */
  close(): Promise<void>;
}

/**
 * Creates a child process that runs jobs, so that this process stays responsive while they compute. `runSweep` uses
 * several.
 *
 * @throws {ClrError} if an option is invalid; from `run`, if the module cannot be loaded or does not export `open`
 *
 * @example
 * ```ts
 * const child = createTrialProcess({ module });
 * const { type, result } = await child.run(job);
 * type; // 'result'
 * result.run.step; // 50
 * await child.close();
 * ```
 */
export function createTrialProcess(options: TrialProcessOptions): TrialProcess {
  const { module, folder, execArgv } = checkOptionNames('clr/sweep', 'createTrialProcess', options, [
    'module',
    'folder',
    'execArgv',
  ]);
  if (!(module instanceof URL) && (typeof module !== 'string' || module === '')) {
    const advice = 'Pass the path of a JavaScript file that exports `open`.';
    throw fail('module to be a path', `module = ${inWords(module)}`, advice);
  }
  const path = module instanceof URL || module.startsWith('file:') ? fileURLToPath(module) : resolve(module);
  const worker = fileURLToPath(new URL('./worker.js', import.meta.url));
  const started = async (): Promise<ChildProcess> => {
    const child = fork(worker, [path, folder === undefined ? '' : resolve(folder)], {
      ...(execArgv && { execArgv: [...execArgv] }),
    });
    // Ignored, because a close event follows, and `nextMessage` reports it.
    child.on('error', () => {});
    const first = await nextMessage(child, () => false);
    if ('type' in first && first.type === 'unusable') {
      child.disconnect();
      const advice = 'Pass a module that can be loaded by itself and that exports `open`.';
      throw fail(`a module that exports open in ${path}`, first.message, advice);
    }
    return child;
  };
  let child: ChildProcess | undefined;
  let busy = false;
  return {
    get pid() {
      return child?.pid;
    },
    async run(job, { signal, onStep } = {}) {
      if (busy) throw fail('one job at a time', 'a second job', 'Await the first, or use another process.');
      if (signal?.aborted) return { type: 'stopped' };
      busy = true;
      const stop = () => send(child!, { type: 'stop' });
      try {
        if (child?.exitCode !== null || child.signalCode !== null) child = await started();
        // If the process has already ended, this sends nothing, and `nextMessage` reports the end.
        send(child, { type: 'run', job: parseJob(job) });
        signal?.addEventListener('abort', stop);
        if (signal?.aborted) stop();
        const last = await nextMessage(child, (message) => {
          if (message.type === 'step') onStep?.(message.step);
          return message.type === 'step' || message.type === 'ready';
        });
        if ('lost' in last) return { type: 'lost', message: last.lost };
        if (last.type === 'result') return { type: 'result', result: parseResult(JSON.parse(last.text)) };
        if (last.type === 'stopped') return { type: 'stopped' };
        return { type: 'failed', message: (last as { readonly message: string }).message };
      } finally {
        signal?.removeEventListener('abort', stop);
        busy = false;
      }
    },
    async close() {
      if (!child || child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}

// A process that has ended cannot receive messages.
const send = (child: ChildProcess, message: ToWorker): void => {
  if (child.connected) child.send(message, () => {});
};

/** The next message for which `passOver` returns false, or the end of the process. */
function nextMessage(
  child: ChildProcess,
  passOver: (message: FromWorker) => boolean,
): Promise<FromWorker | { readonly lost: string }> {
  return new Promise((resolve) => {
    const finish = (found: FromWorker | { readonly lost: string }) => {
      child.off('message', heard);
      child.off('close', ended);
      resolve(found);
    };
    const heard = (message: unknown) => {
      if (!passOver(message as FromWorker)) finish(message as FromWorker);
    };
    // Listens to 'close', because 'exit' may come before the last message.
    const ended = (code: number | null, signal: string | null) =>
      finish({ lost: `the worker ended with ${signal ?? `exit code ${code}`}` });
    child.on('message', heard);
    child.on('close', ended);
    if (child.exitCode !== null || child.signalCode !== null) ended(child.exitCode, child.signalCode);
  });
}
