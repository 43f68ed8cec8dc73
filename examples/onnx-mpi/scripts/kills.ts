/**
 * Kills a rank at a random moment and resumes the job, twenty times by default. Prints how long the job took to end,
 * whether a process remained, and whether the resumed job ended with the same bits as an uninterrupted one.
 *
 * npx tsx scripts/kills.ts [times]
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const times = Number(process.argv[2] ?? 20);
const root = mkdtempSync(join(tmpdir(), 'clr-kills-'));

/** Starts the example on two ranks. */
function start(name: string) {
  const files = ['--checkpoint', join(root, `${name}.safetensors`), '--out', join(root, `${name}.onnx`)];
  const program = [
    process.execPath,
    '--import',
    'tsx',
    'src/main.ts',
    '--steps',
    '100',
    '--images',
    '6400',
    ...files,
  ];
  const child = spawn('mpirun', ['-n', '2', '--allow-run-as-root', '--oversubscribe', ...program], {
    env: { ...process.env, OMPI_MCA_mpi_yield_when_idle: '1' },
    stdio: 'ignore',
  });
  return { pid: child.pid!, ended: new Promise<number | null>((resolve) => child.on('close', resolve)) };
}

/** The child processes of a process. */
function childrenOf(pid: number): number[] {
  try {
    return execFileSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' })
      .trim()
      .split('\n')
      .map(Number);
  } catch {
    return [];
  }
}

/** True if a process runs. A process that has ended and waits for its parent does not run. */
function isAlive(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
}

const began = performance.now();
const whole = await start('whole').ended;
const duration = performance.now() - began;
if (whole !== 0)
  throw new Error(`Expected the uninterrupted run to end with code 0. Received: code ${whole}.`);
const expected = readFileSync(join(root, 'whole.onnx'));
console.log(`An uninterrupted run takes ${(duration / 1000).toFixed(1)} s.`);

let good = 0;
for (let kill = 1; kill <= times; kill++) {
  const job = start(`run${kill}`);
  // Kill the job before its end, even if it runs faster than the first one.
  const moment = 0.8 * Math.random() * duration;
  await sleep(moment);
  const ranks = childrenOf(job.pid);
  const victim = ranks[kill % Math.max(1, ranks.length)];
  const killed = performance.now();
  if (victim !== undefined) process.kill(victim, 'SIGKILL');
  const code = await job.ended;
  while (ranks.some(isAlive) && performance.now() - killed < 10_000) await sleep(50);
  const seconds = (performance.now() - killed) / 1000;
  const left = ranks.filter(isAlive).length;
  const resumed = code === 0 ? 0 : await start(`run${kill}`).ended;
  const same = readFileSync(join(root, `run${kill}.onnx`)).equals(expected);
  if (left === 0 && same && resumed === 0 && (code === 0 || seconds < 5)) good += 1;
  console.log(
    `${kill}: killed rank ${ranks.indexOf(victim!)} after ${(moment / 1000).toFixed(1)} s; the job ended ${seconds.toFixed(1)} s later with code ${code}, ${left} of its processes remained; resumed: ${same ? 'the same model' : 'A DIFFERENT MODEL'}`,
  );
}
console.log(`${good} of ${times} correct`);
rmSync(root, { recursive: true, force: true });
