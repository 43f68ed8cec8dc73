import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { meets } from '@clr/tooling/needs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const hasMpi = meets('mpi', spawnSync('mpirun', ['--version']).status === 0, 'there is no mpirun');
const folder = fileURLToPath(new URL('..', import.meta.url));

/** Runs a small version of the example on `ranks` ranks; `watch` gets all output so far. */
function run(ranks: number, name: string, watch: (output: string, kill: () => void) => void = () => {}) {
  const node = [process.execPath, '--import', 'tsx', 'src/main.ts'];
  const small = [
    '--steps',
    '60',
    '--images',
    '6400',
    '--checkpoint',
    `${name}.safetensors`,
    '--out',
    `${name}.onnx`,
  ];
  const mpirun = ['mpirun', '-n', String(ranks), '--allow-run-as-root', '--oversubscribe'];
  const [command, ...args] = [...(ranks > 1 ? mpirun : []), ...node, ...small] as [string, ...string[]];
  const env = { ...process.env, OMPI_MCA_mpi_yield_when_idle: '1' };
  const child = spawn(command, args, { cwd: folder, env });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (piece) => {
      output += piece;
      watch(output, () => child.kill('SIGKILL'));
    });
  }
  return new Promise<{ code: number | null; output: string }>((resolve) =>
    child.on('close', (code) => resolve({ code, output })),
  );
}

describe.skipIf(!hasMpi)('LeNet under mpirun', () => {
  let root = '';
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'clr-mpi-'));
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  it('is as accurate on two ranks as in one process, and a killed job resumes to the same model', async () => {
    const [whole, killed, alone] = ['whole', 'killed', 'alone'].map((name) => join(root, name)) as [
      string,
      string,
      string,
    ];
    const { code, output } = await run(2, whole);
    expect(output).toContain('2 ranks, Open MPI');
    expect(code).toBe(0);

    let kills = 0;
    const stopped = await run(2, killed, (seen, kill) => {
      if (seen.includes('step 40/60') && kills++ === 0) kill();
    });
    expect(stopped.code).not.toBe(0);
    const resumed = await run(2, killed);
    expect(resumed.output).toMatch(/continuing from step [24]0/);
    expect(resumed.code).toBe(0);
    const model = await readFile(`${whole}.onnx`);
    expect(model.equals(await readFile(`${killed}.onnx`))).toBe(true);

    const accuracyOf = (text: string): number => Number(/test images: ([\d.]+) %/.exec(text)?.[1]);
    const single = await run(1, alone);
    expect(single.code).toBe(0);
    expect(accuracyOf(output)).toBeGreaterThan(80);
    expect(Math.abs(accuracyOf(single.output) - accuracyOf(output))).toBeLessThan(1);
  });
});
