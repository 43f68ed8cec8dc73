import { reduceChecks } from '@clr/conformance';
import { meets } from '@clr/tooling/needs';
import { describe, expect, it } from 'vitest';
import { launchers, start } from './run.ts';

const names = launchers.map(([name]) => name);
meets(
  'mpi',
  names.length === 2,
  `Open MPI and MPICH are required, but there is only ${names.join(', ') || 'neither'}`,
);

describe.each(launchers.length > 0 ? launchers : [['no MPI on this machine', []] as const])(
  '%s',
  (name, launcher) => {
    const test = it.skipIf(launcher.length === 0);

    test.each([1, 2, 3])('passes the checks of Reduce on %i ranks', async (ranks) => {
      const { code, output } = await start(launcher, ranks, 'checks.main.ts').ended;
      expect(output).toContain(`ranks: ${ranks}, ${name}`);
      for (const check of reduceChecks) expect(output).toContain(`passed: ${check.name}`);
      expect(code).toBe(0);
    });

    test("turns off UCX's memory hooks, unless the user has set them", async () => {
      const { output } = await start(launcher, 1, 'checks.main.ts').ended;
      expect(output).toContain("UCX's memory hooks: no\n");
      const { output: kept } = await start(launcher, 1, 'checks.main.ts', [], { UCX_MEM_EVENTS: 'n' }).ended;
      expect(kept).toContain("UCX's memory hooks: n\n");
    });

    test('ends all ranks with an error code when one of them throws', async () => {
      const { code, output } = await start(launcher, 2, 'faults.main.ts', ['throw']).ended;
      expect(output).toContain('this rank has a fault');
      expect(output).not.toContain('went on');
      expect(code).not.toBe(0);
    });

    test('ends all ranks with an error code when one of them is killed', async () => {
      const { code, output } = await start(launcher, 2, 'faults.main.ts', ['kill']).ended;
      expect(output).not.toContain('went on');
      expect(code).not.toBe(0);
    });

    test('stops all ranks after the same step when one aborts', async () => {
      const { code, output } = await start(launcher, 3, 'abort.main.ts').ended;
      expect(code).toBe(0);
      const steps = Array.from(
        output.matchAll(/rank \d stopped after (\d+) steps, aborted/g),
        ([, steps]) => steps,
      );
      expect(steps).toHaveLength(3);
      expect(new Set(steps).size).toBe(1);
    });
  },
);

// The checks of Reduce cover both libraries, so training is tested with one of them.
describe.skipIf(launchers.length === 0)('training', () => {
  const [, launcher = []] = launchers[0] ?? [];

  it.each([2, 4])('on %i ranks gives the parameters of a single process after 50 steps', async (ranks) => {
    const { code, output } = await start(launcher, ranks, 'training.main.ts').ended;
    const cases = [
      'SGD with momentum',
      'Adam',
      'uneven shares',
      'dropout',
      'batch normalisation',
      'clipping by norm',
    ];
    for (const name of cases) expect(output).toContain(`${name}: within 1e-6, ranks equal`);
    expect(code).toBe(0);
  });

  it('reports on every rank if one rank has a different model, optimizer or ONNX Runtime', async () => {
    const { code, output } = await start(launcher, 2, 'differ.main.ts').ended;
    for (const word of ['the model', 'the optimizer', 'the version of ONNX Runtime']) {
      for (const rank of [0, 1]) {
        const heard = new RegExp(
          `rank ${rank}: Received: a difference from process 0 in ${word}.* of process 1`,
        );
        expect(output).toMatch(heard);
      }
    }
    expect(output).not.toContain('went on');
    expect(code).toBe(3);
  });
});
