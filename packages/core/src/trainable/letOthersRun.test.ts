import { afterEach, describe, expect, it, vi } from 'vitest';
import { examples, linearTrainable } from '../../test/linearTrainable.ts';
import { constant } from '../index.ts';
import { rangeTest } from '../rangeTest/rangeTest.ts';
import { train } from '../train/train.ts';
import { endless } from './batches.ts';

// Each run would take seconds. The timer fires long before its end, or not at all.
const steps = 500_000;
const abortSoon = () => {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 0);
  return controller.signal;
};

describe('a model that computes synchronously', () => {
  afterEach(() => vi.unstubAllGlobals());

  it.each([
    ['in Node', {}],
    ['in a browser', { setImmediate: undefined }],
    ['in a host that has only timers', { setImmediate: undefined, MessageChannel: undefined }],
  ])('lets timers fire while it trains, %s', async (_, hidden) => {
    for (const [name, value] of Object.entries(hidden)) vi.stubGlobal(name, value);
    const policy = constant({ lr: 1e-9 });
    const run = await train(linearTrainable(), examples, { policy, steps, signal: abortSoon() });
    expect(run.stopped?.reason).toBe('aborted');
  });

  it('lets timers fire while a resumed run skips its batches', async () => {
    const source = endless(examples, abortSoon(), 2 ** 40);
    expect(await source.next()).toEqual({ done: true, value: undefined });
  });

  it('lets timers fire during a range test', async () => {
    const flat = linearTrainable({ result: () => ({ loss: 1 }) });
    const trace = await rangeTest(flat, examples, { steps, signal: abortSoon() });
    expect(trace.stopped?.reason).toBe('aborted');
  });

  it('lets timers fire during an evaluation', async () => {
    const trainable = linearTrainable();
    const many = {
      *[Symbol.iterator]() {
        for (let i = 0; i < 3e6; i++) yield examples[0]!;
      },
    };
    const run = await train(trainable, examples, {
      policy: constant({ lr: 1e-9 }),
      steps: 1,
      evaluate: many,
      signal: abortSoon(),
    });
    expect(run.final).toBeUndefined();
  });
});
