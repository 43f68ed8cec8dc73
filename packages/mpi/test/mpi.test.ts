import { reduceChecks } from '@clr/conformance';
import { meets } from '@clr/tooling/needs';
import { describe, expect, it } from 'vitest';
import { launchers, start } from './run.ts';

const names = launchers.map(([name]) => name);
meets(
  'mpi',
  names.length === 2,
  `Open MPI and MPICH are wanted, and here is ${names.join(', ') || 'neither'}`,
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

    test('ends all ranks when one of them throws, with its exit code', async () => {
      const { code, output } = await start(launcher, 2, 'faults.main.ts', ['throw']).ended;
      expect(output).toContain('this rank has a fault');
      expect(output).not.toContain('went on');
      expect(code).not.toBe(0);
    });

    test('ends all ranks when one of them is killed', async () => {
      const { code, output } = await start(launcher, 2, 'faults.main.ts', ['kill']).ended;
      expect(output).not.toContain('went on');
      expect(code).not.toBe(0);
    });

    test('one rank that aborts stops all after the same step', async () => {
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
