import { describe, expect, it } from 'vitest';
import { examples, linearTrainable } from '../../test/linearTrainable.ts';
import { ClrError, constant, ensemble, rangeTest, type Snapshot, train } from '../index.ts';

const policy = constant({ lr: 0.01 });
const first = new Error('first');
const second = new Error('second');

/** Batches whose iterator fails when it is closed. */
const stubborn = {
  [Symbol.iterator]: () => ({
    ...examples[Symbol.iterator](),
    next: () => ({ done: false as const, value: examples[0]! }),
    return(): never {
      throw second;
    },
  }),
};

function failingAt(step: number, error: unknown) {
  const trainable = linearTrainable();
  const { trainStep } = trainable;
  let taken = 0;
  trainable.trainStep = (batch, hyper) => {
    if (taken++ === step) throw error;
    return trainStep(batch, hyper);
  };
  return trainable;
}

async function thrownBy(call: Promise<unknown>): Promise<Error> {
  const error = await call.then(
    () => expect.fail('no error'),
    (thrown) => thrown,
  );
  expect(error).toBeInstanceOf(Error);
  return error;
}

describe('an error with a second error', () => {
  it('a step’s error is reported first, even if closing the batches fails too', async () => {
    const error = await thrownBy(train(failingAt(3, first), stubborn, { policy, steps: 9 }));
    expect(error).toBeInstanceOf(ClrError);
    expect(error.message).toMatch(
      /^\[clr\/core\] Expected trainStep\(\) to succeed\.\nReceived: Error: first at step 3\n/,
    );
    expect(error.message).toMatch(
      /A second error followed: .*closing the batches.*\nReceived: Error: second/,
    );
    const both = (error.cause as AggregateError).errors;
    expect(both.map((one: Error) => one.cause)).toEqual([first, second]);
  });

  it('an error while closing is reported', async () => {
    const error = await thrownBy(train(linearTrainable(), stubborn, { policy, steps: 9 }));
    expect(error.message).toContain(
      'Expected closing the batches to succeed.\nReceived: Error: second after 9 steps',
    );
    expect(error.cause).toBe(second);
  });

  it('a range test reports its error, and that the model was not restored', async () => {
    const trainable = failingAt(3, first);
    trainable.restore = () => Promise.reject(second);
    const error = await thrownBy(rangeTest(trainable, examples, { startLr: 0.001, endLr: 1, steps: 20 }));
    expect(error.message).toContain('Received: Error: first at step 3');
    expect(error.message).toContain(
      'Received: Error: second after the range test\nThe model was not restored.',
    );
    const three = await thrownBy(
      rangeTest(trainable, stubborn, {
        startLr: 0.001,
        endLr: 1,
        steps: 20,
        onStep: () => {
          throw first;
        },
      }),
    );
    for (const words of ['Error: first', 'closing the batches', 'The model was not restored.']) {
      expect(three.message).toContain(words);
    }
    expect(three).toBeInstanceOf(AggregateError);
  });

  it('a ClrError keeps its class and its fields', async () => {
    class GpuError extends ClrError {
      readonly fault = 'device-lost';
    }
    const lost = new GpuError('clr/webgpu', { expected: 'a device', received: 'none', advice: 'Ask anew.' });
    const trainable = failingAt(3, lost);
    trainable.restore = () => Promise.reject(lost);
    const error = await thrownBy(rangeTest(trainable, examples, { startLr: 0.001, endLr: 1, steps: 20 }));
    expect(error).toBeInstanceOf(GpuError);
    expect(error).toMatchObject({ fault: 'device-lost', name: 'ClrError' });
    expect((error.cause as AggregateError).errors.length).toBe(2);
    expect(lost.message).not.toContain('This happened in');
  });
});

describe('thrown values of any kind', () => {
  const unprintable = {
    toString() {
      throw second;
    },
  };
  it.each([
    ['a symbol', Symbol('why'), 'Symbol(why)'],
    ['undefined', undefined, 'undefined'],
    ['null', null, 'null'],
    ['a frozen error', Object.freeze(new TypeError('frozen')), 'TypeError: frozen'],
    ['an object that cannot be converted to text', unprintable, 'an object'],
    ['an object without a prototype', Object.create(null), 'an object'],
    ['a text of five megabytes', 'x'.repeat(5e6), '"xxx'],
    ['control characters', '\u001b[2J\u0007', '"\\u{1b}[2J\\u{7}"'],
  ])('%s is reported together with the step', async (_, thrown, words) => {
    const error = await thrownBy(train(failingAt(2, thrown), examples, { policy, steps: 9 }));
    expect(error).toBeInstanceOf(ClrError);
    expect(error.message).toContain(`Received: ${words}`);
    expect(error.message).toContain('at step 2');
    expect(error.message.length).toBeLessThan(1000);
    expect(error.cause).toBe(thrown);
  });
});

it('an ensemble refuses to evaluate no batches', async () => {
  const trainable = linearTrainable();
  const states: Snapshot[] = [await trainable.snapshot()];
  const none = { *[Symbol.iterator]() {} };
  await expect(ensemble(trainable, states).evaluate(none)).rejects.toThrow(
    'at least one batch to evaluate on',
  );
  expect((await ensemble(trainable, states).evaluate(examples)).loss).toBeGreaterThan(0);
});
