// Runs a sweep of 40 small jobs, kills its workers at random moments, and compares each result with that of the job run
// alone: `npx tsx scripts/faults.mts [kills]`, after `npm run build`.
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { module, open } from '@clr/datasets/softmaxJobs';
import { runTrial } from '@clr/sweep';
import { runSweep } from '@clr/sweep/node';
import { jobOf, tasks } from '../test/jobs.ts';

const kills = Number(process.argv[2] ?? 20);
const jobs = Array.from({ length: 40 }, (_, seed) =>
  jobOf(seed % 4 === 3 ? tasks.rangeTest : tasks.policy, seed, { slow: 20 }),
);
const folder = await mkdtemp(join(tmpdir(), 'clr-faults-'));
const running = new Set<number>();
const done = new Map<string, number>();
let [killed, lost] = [0, 0];
const timer = setInterval(() => {
  const pids = [...running];
  const pid = pids[Math.floor(Math.random() * pids.length)];
  if (pid === undefined || killed === kills || Math.random() < 0.5) return;
  running.delete(pid);
  try {
    process.kill(pid, 'SIGKILL');
    killed++;
  } catch {
    // A late message named a process that had already been killed.
  }
}, 300);
const { results, failed } = await runSweep(jobs, {
  module,
  execArgv: [],
  folder,
  workers: 3,
  retries: kills,
  onProgress({ type, id, pid }) {
    if (type === 'step' && pid !== undefined) running.add(pid);
    if (type === 'done') {
      done.set(id, (done.get(id) ?? 0) + 1);
      running.delete(pid!);
    }
    if (type === 'lost') lost++;
  },
});
clearInterval(timer);
let same = 0;
for (const [at, job] of jobs.entries()) {
  const alone = await runTrial(job, { open });
  if (JSON.stringify(alone) === JSON.stringify(results[at])) same++;
}
const files = (await readdir(folder)).length;
await rm(folder, { recursive: true });
const once = [...done.values()].filter((count) => count === 1).length;
console.log(
  `${killed} workers killed, ${lost} jobs restarted; ${results.length} results, ${once} jobs done once, ` +
    `${same} results with the same bits as the job run alone, ${failed.length} failed, ${files} files`,
);
if (killed < kills || same < jobs.length || once < jobs.length || files !== jobs.length) process.exitCode = 1;
