import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { abortOnInterrupt } from '@clr/checkpoint/node';
import type { Command } from '../command.ts';
import { UsageError } from '../errors.ts';
import { readArguments } from '../readArguments.ts';
import { makeFolder, ownModule } from '../sweep/engines.ts';
import { wholeOf } from '../training/flags.ts';
import { loadQueue, loadRuntime } from '../training/loadRuntime.ts';

const flags = {
  redis: { type: 'string' },
  folder: { type: 'string' },
  workers: { type: 'string' },
  quiet: { type: 'boolean' },
} as const;

/** `clr worker` computes jobs of sweeps. */
export const worker: Command = {
  flags,
  help: `Usage: clr worker --redis <url> [options]

Computes jobs of clr sweep --redis, until Ctrl-C. Any number of machines can run it, each with the models and the
data under the same paths. If a worker disappears, other workers take over its jobs.

  --redis <url>       the Redis server with the jobs: redis://host:6379
  --folder <dir>      the folder for checkpoints; if all workers share it, they resume the jobs of a lost worker there
  --workers <n>       the number of jobs at once, each on one thread (default: the number of cores)
  --quiet             print nothing

Example
  clr worker --redis redis://10.0.0.5:6379 --folder /shared/checkpoints
`,

  async run(args) {
    const { values, positionals } = readArguments('worker', args, flags);
    const { redis, folder, quiet } = values;
    if (positionals.length > 0) throw new UsageError('no file', positionals.join(' '), 'worker');
    if (redis === undefined) throw new UsageError('--redis with the URL of a Redis', 'no --redis', 'worker');
    const concurrency = wholeOf('worker', 'workers', values.workers) ?? availableParallelism();
    await loadRuntime();
    const queue = await loadQueue();
    if (folder !== undefined) await makeFolder(folder);
    const { signal } = abortOnInterrupt();
    const options = { redis, module: ownModule, concurrency, ...(folder !== undefined && { folder }) };
    const one = await queue.worker(options);
    if (!quiet) process.stderr.write(`Computing jobs of ${redis}, ${concurrency} at once. Ctrl-C stops.\n`);
    if (!signal.aborted) await once(signal, 'abort');
    await one.close();
    return { text: 'Stopped. Running jobs are reassigned to other workers.' };
  },
};
