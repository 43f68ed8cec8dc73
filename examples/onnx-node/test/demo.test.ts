import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mnist } from '@clr/datasets';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accuracyOf } from '../src/accuracyOf.ts';
import { testBatches } from '../src/batches.ts';

const folder = fileURLToPath(new URL('..', import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/** Runs a small version of the demo. `watch` gets all output so far, whenever there is more. */
function demo(out: string, watch: (output: string, child: ChildProcess) => void = () => {}): Promise<Ended> {
  const args = ['--import', 'tsx', 'src/main.ts', '--out', out];
  const small = ['--epochs', '1,2', '--images', '6400', '--sweep', '200'];
  const child = spawn(process.execPath, [...args, ...small], { cwd: folder });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (piece) => {
      output += piece;
      watch(output, child);
    });
  }
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, output })));
}

describe('the demo', () => {
  let root = '';
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'clr-demo-'));
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  it('finds a rate, compares the schedules, and writes a report and a model that has the reported accuracy', async () => {
    const out = join(root, 'whole');
    const { code, output } = await demo(out);
    expect(output).toMatch(/Decay the rate to 0 from [\d.e-]+ \(interval/);
    expect(output).toMatch(/range test {2}100\/200 {2}rate [\d.e-]+ {2}loss [\d.e-]+/);
    expect(output).toMatch(/CLR, 1 epoch {2}100\/100 {2}rate [\d.e-]+ {2}loss [\d.e-]+/);
    expect(output).toMatch(/decay, 2 epochs {2}200\/200 {2}rate/);
    expect(code).toBe(0);

    // The last row of the table: the decay after one epoch and after two.
    const [, one, two] = /^ {2}decay +([\d.]+) % +([\d.]+) %$/m.exec(output)!;
    const again = await accuracyOf(join(out, 'lenet-mnist.onnx'), testBatches(await mnist()));
    expect((100 * again).toFixed(2)).toBe(two);
    expect(Number(two)).toBeGreaterThan(85);

    expect((await readdir(out)).sort()).toEqual(['demo-report.html', 'lenet-mnist.onnx']);
    const report = await readFile(join(out, 'demo-report.html'), 'utf8');
    expect(report.match(/<svg/g)).toHaveLength(8);
    for (const number of [one, two]) expect(report).toContain(`${number} %`);
  });

  it.each(['range test  ', 'CLR, 1 epoch  '])(
    'stops at Ctrl-C during "%s" and leaves nothing behind',
    async (moment) => {
      const out = join(root, moment.replaceAll(/\W/g, ''));
      let sent = false;
      const { code, output } = await demo(out, (seen, child) => {
        if (!sent && seen.includes(`\n  ${moment}`)) {
          sent = true;
          child.kill('SIGINT');
        }
      });
      expect(output).toContain('Stopped, as you asked. Nothing was written.');
      expect(code).toBe(130);
      expect(await readdir(out)).toEqual([]);
    },
  );
});
