import type { Trainable } from '@clr/core';
import { open } from '@clr/datasets/softmaxJobs';
import { describe, expect, it } from 'vitest';
import { jobOf, tasks } from '../test/jobs.ts';
import { collect } from './collect.ts';
import { runTrial } from './runTrial.ts';
import type { TrialCheckpoint } from './trialCheckpoint.ts';
import { parseResult } from './trialResult.ts';

const text = (value: unknown): string => JSON.stringify(value);

describe('runTrial', () => {
  it.each(Object.values(tasks).map((task) => [task.type, task] as const))(
    'gives the same result each time, also through JSON: %s',
    async (_, task) => {
      const job = jobOf(task);
      const once = await runTrial(job, { open });
      expect(text(await runTrial(job, { open }))).toBe(text(once));
      // A round trip through JSON loses nothing.
      expect(parseResult(JSON.parse(text(once)))).toEqual(once);
      expect(text(await runTrial({ ...job, seed: 2 }, { open }))).not.toBe(text(once));
    },
  );

  it('ends with the same bits after a resume from any checkpoint, or a stop at any step', async () => {
    const job = jobOf(tasks.policy);
    const saved: string[] = [];
    // Stores each checkpoint as a file would: the numbers of typed arrays, and everything else as JSON.
    const save = (checkpoint: TrialCheckpoint) => void saved.push(pack(checkpoint));
    const whole = text(await runTrial(job, { open, save }));
    expect(saved.map((each) => unpack(each).step)).toEqual([5, 10, 15, 16, 20, 25, 30, 32, 35, 40]);
    for (const each of saved) {
      expect(text(await runTrial(job, { open, from: unpack(each) }))).toBe(whole);
    }
    for (let stop = 1; stop < 40; stop++) {
      const controller = new AbortController();
      let last: TrialCheckpoint | undefined;
      const result = await runTrial(job, {
        open,
        signal: controller.signal,
        save: (checkpoint) => {
          last = unpack(pack(checkpoint));
        },
        onStep: ({ step }) => void (step + 1 === stop && controller.abort()),
      });
      expect(result).toBeUndefined();
      expect(text(await runTrial(job, { open, ...(last && { from: last }) }))).toBe(whole);
    }
  });

  it.each(['decay', 'cycles'] as const)('resumes autoClr with the same bits: %s', async (plan) => {
    const job = jobOf({ ...tasks.autoClr, steps: 400, plan });
    const saved: string[] = [];
    const save = (checkpoint: TrialCheckpoint) => void saved.push(pack(checkpoint));
    const whole = await runTrial(job, { open, save });
    const { run } = whole!.autoClr!;
    expect([run!.from, run!.steps.length, run!.troughs.length > 0]).toEqual([0, run!.step, true]);
    expect(saved.length).toBeGreaterThan(5);
    for (const each of saved) {
      expect(text(await runTrial(job, { open, from: unpack(each) }))).toBe(text(whole));
    }
    for (const stop of [1, 60, 130, 135, 199, 200, 250]) {
      const controller = new AbortController();
      let last: TrialCheckpoint | undefined;
      let taken = 0;
      const stopped = await runTrial(job, {
        open,
        signal: controller.signal,
        save: (checkpoint) => {
          last = unpack(pack(checkpoint));
        },
        onStep: () => void (++taken === stop && controller.abort()),
      });
      expect(stopped).toBeUndefined();
      expect(text(await runTrial(job, { open, ...(last && { from: last }) }))).toBe(text(whole));
    }
  });

  it('returns undefined for a stopped job, and stores no incomplete evaluation in a checkpoint', async () => {
    const job = jobOf(tasks.policy);
    const controller = new AbortController();
    let last: TrialCheckpoint | undefined;
    const stopping: typeof open = (each) => {
      const opened = open(each);
      const { evaluate } = opened.trainable;
      opened.trainable.evaluate = async (batches) => {
        const metrics = await evaluate(batches);
        controller.abort();
        return metrics;
      };
      return opened;
    };
    const save = (checkpoint: TrialCheckpoint) => {
      last = checkpoint;
    };
    expect(await runTrial(job, { open: stopping, signal: controller.signal, save })).toBeUndefined();
    expect(last!.step).toBe(15);
    const whole = await runTrial(job, { open });
    expect(text(await runTrial(job, { open, from: last! }))).toBe(text(whole));
  });

  it('records divergence, with null for a loss that is not finite', async () => {
    const job = jobOf({ type: 'fixed', lr: 1e30, steps: 40 });
    const result = await runTrial(job, { open });
    expect(result!.run!.stopped!.reason).toBe('diverged');
    expect(collect([result!]).rows[0]).toMatchObject({ loss: null, stopped: 'diverged' });
  });

  it('disposes of the model after onResult, and after an error', async () => {
    const seen: string[] = [];
    const watched = (data?: object) =>
      runTrial(jobOf(tasks.fixed, 1, data as never), {
        open: (job) => {
          const opened = open(job);
          const trainable: Trainable<never> = Object.assign(opened.trainable, {
            dispose: () => void seen.push('disposed'),
          });
          return { ...opened, trainable: trainable as never, onResult: () => void seen.push('told') };
        },
      });
    await watched();
    expect(seen).toEqual(['told', 'disposed']);
    await expect(watched({ throwAt: 3 })).rejects.toThrow('The data are broken.');
    expect(seen).toEqual(['told', 'disposed', 'disposed']);
  });

  it('refuses a checkpoint of another job, without a job, or for a task that cannot be resumed', async () => {
    let last: TrialCheckpoint | undefined;
    const save = (checkpoint: TrialCheckpoint) => {
      last = checkpoint;
    };
    await runTrial(jobOf(tasks.policy), { open, save });
    const from = last!;
    await expect(runTrial(jobOf(tasks.policy, 2), { open, from })).rejects.toThrow(
      'a checkpoint of another job',
    );
    const { extra: _, ...bare } = from;
    await expect(runTrial(jobOf(tasks.policy), { open, from: bare })).rejects.toThrow(
      'a checkpoint without a job',
    );
    await expect(runTrial(jobOf(tasks.rangeTest), { open, from })).rejects.toThrow('cannot be resumed');
    await expect(runTrial(jobOf(tasks.fixed), { opne: open } as never)).rejects.toThrow('"open"');
  });
});

const pack = (checkpoint: TrialCheckpoint): string =>
  JSON.stringify(checkpoint, (_, value) =>
    ArrayBuffer.isView(value)
      ? { numbers: [...(value as Float32Array)], double: value instanceof Float64Array }
      : value,
  );

const unpack = (packed: string): TrialCheckpoint =>
  JSON.parse(packed, (_, value) =>
    value?.numbers ? (value.double ? Float64Array : Float32Array).from(value.numbers) : value,
  );
