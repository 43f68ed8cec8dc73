import { describe, expect, it } from 'vitest';
import { describeTrainable } from './describeTrainable.ts';
import { referenceSubject } from './reference/referenceSubject.ts';
import type { ReferenceBatch } from './reference/referenceTrainable.ts';
import type { Subject, TestModel } from './subject.ts';
import { trainableChecks } from './trainableChecks.ts';

describeTrainable('the reference', { ...referenceSubject, liveResources: () => 0 }, { describe, it });

/** The same adapter with losses that arrive some milliseconds late, as from a device. */
const late: Subject<ReferenceBatch> = {
  ...referenceSubject,
  create: async () => delayed(await referenceSubject.create()),
  createWithMomentum: async () => delayed(await referenceSubject.createWithMomentum!()),
};

function delayed(model: TestModel<ReferenceBatch>): TestModel<ReferenceBatch> {
  const { trainStep } = model.trainable;
  return {
    ...model,
    trainable: {
      ...model.trainable,
      async trainStep(batch, hyper) {
        const { loss } = await trainStep(batch, hyper);
        return { loss: new Promise((resolve) => setTimeout(resolve, 2)).then(() => loss) };
      },
    },
  };
}

describeTrainable('the reference with late losses', late, { describe, it });

describe('trainableChecks', () => {
  it('lists every check once', () => {
    const names = trainableChecks(referenceSubject).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it.each<[string, object, string]>([
    ['no batches', { batches: undefined }, 'batches of the subject to be a list'],
    ['two batches', { batches: referenceSubject.batches.slice(0, 2) }, 'Received: 2'],
    ['no bad batches', { badBatches: undefined }, 'badBatches of the subject to be an object'],
    ['no size', { size: undefined }, 'size of the subject to be a function'],
    ['a rate of 0', { rate: 0 }, 'rate of the subject to be a number above 0'],
    ['a misspelt method', { optional: ['averages'] }, 'Received: averages'],
    ['a method outside a list', { optional: 'average' }, 'optional of the subject to be a list'],
    ['a batch in place of a function', { blank: {} }, 'blank of the subject to be a function'],
  ])('refuses a subject with %s', (_, part, received) => {
    expect(() => trainableChecks({ ...referenceSubject, ...part } as never)).toThrow(received);
  });

  it('says that the rate is too high for the faults', async () => {
    const checks = trainableChecks({ ...referenceSubject, rate: 1e30 });
    const faults = checks.find(({ name }) => name.startsWith('keeps its state'));
    await expect(faults?.run()).rejects.toThrow('Give the subject a lower rate');
  });

  it('gives the reason why a check cannot be run', () => {
    const { createWithMomentum: _, createWithHyperparameters: __, ...rest } = referenceSubject;
    const skipped = trainableChecks({ ...rest, badBatches: {} }).flatMap((check) => check.skipped ?? []);
    expect(skipped).toEqual([
      'the adapter cannot set momentum',
      'the adapter takes neither weight decay nor clipping',
      'the subject has no bad batches',
      'the subject does not count live resources',
    ]);
  });

  it('passes an adapter that cannot set momentum', async () => {
    const { createWithMomentum: _, ...rest } = referenceSubject;
    for (const check of trainableChecks(rest)) if (!check.skipped) await check.run();
  });

  it('reports a skipped check with its reason, and never runs it', () => {
    const [run, skipped]: [string[], string[]] = [[], []];
    const add = (name: string) => run.push(name);
    const runner = {
      describe: (_: string, body: () => void) => body(),
      it: Object.assign(add, { skip: (name: string) => skipped.push(name) }),
    };
    describeTrainable('x', referenceSubject, runner);
    expect(run.length).toBe(trainableChecks(referenceSubject).length - 1);
    expect(skipped).toEqual(['leaks nothing (skipped: the subject does not count live resources)']);
  });
});
