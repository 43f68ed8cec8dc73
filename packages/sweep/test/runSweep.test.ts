import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { module, open } from '@clr/datasets/softmaxJobs';
import { type Job, runTrial } from '@clr/sweep';
import { createTrialProcess, runSweep, type SweepOptions, type SweepProgress } from '@clr/sweep/node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { jobOf, tasks } from './jobs.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clr-sweep-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const options = (more: Partial<SweepOptions> = {}): SweepOptions => ({
  module,
  folder,
  workers: 2,
  ...more,
});

const slow: Job['data'] = { slow: 15 };
const jobs: readonly Job[] = [
  ...[1, 2, 3].map((seed) => jobOf(tasks.policy, seed, slow)),
  jobOf(tasks.fixed, 1, slow),
  jobOf(tasks.rangeTest),
  jobOf(tasks.autoClr),
];
const alone = Promise.all(jobs.map((job) => runTrial(job, { open })));
const sameAsAlone = async (results: unknown) => JSON.stringify(results) === JSON.stringify(await alone);

describe('runSweep', () => {
  it('returns and saves the same results, bit for bit, as jobs that run alone; a second call runs no job', async () => {
    const seen: SweepProgress[] = [];
    const { results, failed, stopped } = await runSweep(
      jobs,
      options({ onProgress: (event) => void seen.push(event) }),
    );
    expect({ failed, stopped }).toEqual({ failed: [], stopped: false });
    expect(await sameAsAlone(results)).toBe(true);
    expect((await readdir(folder)).sort()).toEqual(jobs.map(({ id }) => `${id}.json`).sort());
    const [first] = jobs;
    expect(JSON.parse(await readFile(join(folder, `${first!.id}.json`), 'utf8'))).toEqual(results[0]);
    expect(seen.filter(({ type }) => type === 'done').map(({ done }) => done)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(seen.some(({ type, step }) => type === 'step' && step! > 0)).toBe(true);
    const again = await runSweep(jobs, options({ module: 'no-such-module.js' }));
    expect(again.results).toEqual(results);
  });

  it('continues after workers were killed', async () => {
    const pids = new Set<number>();
    let lost = 0;
    const { results, failed } = await runSweep(
      jobs,
      options({
        onProgress({ type, pid, step }) {
          if (type === 'lost') lost++;
          // Kills the first three worker processes that reach step 8 of a job.
          if (type !== 'step' || step! < 8 || pids.has(pid!) || pids.size === 3) return;
          pids.add(pid!);
          process.kill(pid!, 'SIGKILL');
        },
      }),
    );
    expect(failed).toEqual([]);
    expect(lost).toBe(3);
    expect(await sameAsAlone(results)).toBe(true);
  });

  it('stops when aborted, keeps checkpoints, and continues later', async () => {
    const controller = new AbortController();
    const stop = ({ type, step }: SweepProgress) => {
      if (type === 'step' && step! >= 10) controller.abort();
    };
    const first = await runSweep(jobs, options({ signal: controller.signal, onProgress: stop }));
    expect(first.stopped).toBe(true);
    expect(first.results.length).toBeLessThan(jobs.length);
    expect((await readdir(folder)).some((name) => name.endsWith('.safetensors'))).toBe(true);
    const { results, stopped } = await runSweep(jobs, options());
    expect(stopped).toBe(false);
    expect(await sameAsAlone(results)).toBe(true);
    expect((await readdir(folder)).filter((name) => !name.endsWith('.json'))).toEqual([]);
  });

  it('lists as failed a job that throws, and one whose worker ends each time', async () => {
    const bad = jobOf(tasks.fixed, 1, { throwAt: 3 });
    const deadly = jobOf(tasks.fixed, 1, { exitAt: 3 });
    const { results, failed, stopped } = await runSweep([bad, jobs[4]!, deadly], options({ retries: 1 }));
    expect(results.map(({ job }) => job.id)).toEqual([jobs[4]!.id]);
    expect(failed.map(({ job }) => job.id).sort()).toEqual([bad.id, deadly.id].sort());
    const errorOf = (job: Job) => failed.find((each) => each.job.id === job.id)!.error;
    expect(errorOf(bad)).toContain('The data are broken.');
    expect(errorOf(deadly)).toContain('exit code 9, 2 times');
    expect(stopped).toBe(false);
  });

  it('says which checkpoint is cut and must be removed', async () => {
    const [job] = jobs;
    const path = join(folder, `${job!.id}.safetensors`);
    await writeFile(path, '');
    const { failed } = await runSweep([job!], options());
    expect(failed[0]!.error).toContain(`a whole checkpoint in ${path}.\nReceived: 0 bytes\nRemove the file.`);
    await rm(path);
    expect((await runSweep([job!], options())).failed).toEqual([]);
  });

  it('refuses invalid arguments before the first job', async () => {
    await expect(runSweep(jobs, options({ module: 'no-such.js' }))).rejects.toThrow('no-such.js');
    const jobless = fileURLToPath(new URL('../dist/index.js', import.meta.url));
    await expect(runSweep(jobs, options({ module: jobless }))).rejects.toThrow('without a function "open"');
    await expect(runSweep(jobs, options({ workers: 0 }))).rejects.toThrow('workers = 0');
    await expect(runSweep(jobs, { ...options(), worker: 2 } as never)).rejects.toThrow('"workers"');
    await expect(runSweep(jobs, options({ module: 5 as never }))).rejects.toThrow('module = 5');
    expect(await readdir(folder)).toEqual([]);
    const [first, second] = jobs;
    const path = join(folder, `${first!.id}.json`);
    await writeFile(path, '{"version":');
    await expect(runSweep(jobs, options())).rejects.toThrow(`JSON in ${path}`);
    const foreign = await runTrial(second!, { open });
    await writeFile(path, JSON.stringify({ ...foreign, job: { ...foreign!.job, id: first!.id } }));
    await expect(runSweep(jobs, options())).rejects.toThrow('a result of another job');
  });
});

describe('createTrialProcess', () => {
  it('takes one job at a time, can be closed twice, and runs no job with an aborted signal', async () => {
    const child = createTrialProcess({ module });
    const first = child.run(jobs[3]!);
    await expect(child.run(jobs[4]!)).rejects.toThrow('one job at a time');
    expect((await first).type).toBe('result');
    await child.close();
    await child.close();
    expect((await child.run(jobs[3]!, { signal: AbortSignal.abort() })).type).toBe('stopped');
  });
});
