import { pathToFileURL } from 'node:url';
import { fileStore } from '@clr/checkpoint/node';
import { fail } from '../errors.ts';
import type { Job } from '../job.ts';
import { runTrial } from '../runTrial.ts';
import type { Open } from '../trialOptions.ts';
import { checkpointPath } from './files.ts';
import type { FromWorker, ToWorker } from './messages.ts';

// A process that runs jobs one after another. Its arguments are the module and, optionally, the folder for checkpoints.
const [, , module = '', folder = ''] = process.argv;

/** The minimum time between two reports of steps, in milliseconds. */
const pace = 100;

// Errors are ignored, because the event 'disconnect' reports that the parent process has ended.
const tell = (message: FromWorker): void => void process.send?.(message, undefined, undefined, () => {});

// Ctrl-C reaches every process of a terminal. It is ignored here, because the parent process decides when to stop.
process.on('SIGINT', () => {});
// Without the parent process, nothing receives the result.
process.on('disconnect', () => process.exit());

let controller = new AbortController();
const open = await load();
if (open) {
  process.on('message', (message: ToWorker) => {
    if (message.type === 'stop') controller.abort();
    else void run(message.job, open).then(tell);
  });
  tell({ type: 'ready' });
}

async function load(): Promise<Open<unknown> | undefined> {
  try {
    const { open } = (await import(pathToFileURL(module).href)) as { readonly open?: Open<unknown> };
    if (typeof open === 'function') return open;
    tell({ type: 'unusable', message: 'a module without a function "open"' });
  } catch (error) {
    tell({ type: 'unusable', message: messageOf(error) });
  }
  return undefined;
}

async function run(job: Job, open: Open<unknown>): Promise<FromWorker> {
  controller = new AbortController();
  const resumable = folder !== '' && job.task.type !== 'rangeTest';
  const store = resumable ? fileStore(checkpointPath(folder, job.id)) : undefined;
  let told = 0;
  try {
    const from = await store?.load().catch((cause: Error) => {
      const received = /^Received: (.*)$/m.exec(cause.message)?.[1] ?? cause.message;
      const advice = 'Remove the file. The job then starts over.';
      throw fail(`a whole checkpoint in ${checkpointPath(folder, job.id)}`, received, advice, { cause });
    });
    const result = await runTrial(job, {
      open,
      signal: controller.signal,
      onStep({ step }) {
        if (Date.now() - told < pace) return;
        told = Date.now();
        tell({ type: 'step', step });
      },
      ...(from && { from }),
      ...(store && { save: store.save }),
    });
    return result ? { type: 'result', text: JSON.stringify(result) } : { type: 'stopped' };
  } catch (error) {
    return { type: 'failed', message: messageOf(error) };
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
