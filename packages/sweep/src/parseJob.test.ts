import { describe, expect, it } from 'vitest';
import { jobOf, tasks } from '../test/jobs.ts';
import { parseJob, parseJobs } from './parseJob.ts';

const plain = {
  model: 'lenet',
  data: { name: 'mnist', fold: 2 },
  optimizer: { type: 'sgd' },
  seed: 1,
  task: { type: 'fixed', lr: 0.1, steps: 50 },
};

const refusal = (value: unknown): string => {
  try {
    parseJob(value);
  } catch (error) {
    return (error as Error).message;
  }
  return 'none';
};

describe('parseJob', () => {
  it('reads a job that it has returned, and gives it the same id', () => {
    for (const task of Object.values(tasks)) {
      const job = jobOf(task);
      expect(parseJob(JSON.parse(JSON.stringify(job)))).toEqual(job);
      expect(parseJob({ ...job, id: undefined }).id).toBe(job.id);
    }
  });

  it('gives equal jobs equal ids, in any order of fields and with or without defaults', () => {
    const { id } = parseJob(plain);
    expect(id).toMatch(/^[0-9a-f]{16}$/);
    const other = {
      task: { steps: 50, lr: 0.1, type: 'fixed' },
      optimizer: { momentum: 0, type: 'sgd' },
      seed: 1,
      data: { fold: 2, name: 'mnist', missing: undefined },
      model: 'lenet',
    };
    expect(parseJob(other).id).toBe(id);
    expect(parseJob({ ...plain, seed: 2 }).id).not.toBe(id);
    expect(parseJob({ ...plain, inputs: undefined }).id).toBe(id);
    expect(parseJob({ ...plain, inputs: 'a digest' }).id).not.toBe(id);
    expect(parseJob({ ...plain, id: 'mine' }).id).toBe('mine');
  });

  it('gives a thousand jobs a thousand ids', () => {
    const ids = Array.from({ length: 1000 }, (_, seed) => parseJob({ ...plain, seed }).id);
    expect(new Set(ids).size).toBe(1000);
  });

  it('suggests the nearest legal name for a misspelt field', () => {
    expect(refusal({ ...plain, optimiser: 1 })).toContain('Did you mean "optimizer"?');
    expect(refusal({ ...plain, task: { ...plain.task, step: 5 } })).toContain('Did you mean "steps"?');
    expect(refusal({ ...plain, task: { type: 'rangeTest', startLR: 5 } })).toContain('"startLr"');
    expect(refusal({ ...plain, optimizer: { type: 'sgd', momentun: 0.9 } })).toContain('"momentum"');
  });

  it.each([
    ['a job that is not an object', 5, 'job to be an object'],
    ['a job without a model', { ...plain, model: undefined }, 'job.model to be JSON'],
    ['NaN in the data', { ...plain, data: { a: [1, Number.NaN] } }, 'Received: job.data.a[1] = NaN'],
    ['a typed array', { ...plain, data: new Float32Array(2) }, 'job.data = an object'],
    ['a bad id', { ...plain, id: '../x' }, 'job.id = "../x"'],
    ['a seed that is text', { ...plain, seed: '1' }, 'job.seed = "1"'],
    ['an unknown task', { ...plain, task: { type: 'fix' } }, 'Received: job.task.type = "fix"'],
    ['an unknown optimizer', { ...plain, optimizer: { type: 'lion' } }, 'job.optimizer.type to be "sgd"'],
    [
      'a bad policy',
      { ...plain, task: { type: 'policy', policy: { type: 'x' }, steps: 5 } },
      'job.task.policy',
    ],
    [
      'a training without steps',
      { ...plain, task: { type: 'fixed', lr: 0.1 } },
      'job.task.steps to be an integer',
    ],
    ['a rate of 0', { ...plain, task: { type: 'fixed', lr: 0, steps: 5 } }, 'job.task.lr = 0'],
    [
      'a range that falls',
      { ...plain, task: { type: 'rangeTest', startLr: 1, endLr: 0.1 } },
      'job.task.startLr = 1',
    ],
    ['a range from 0', { ...plain, task: { type: 'rangeTest', startLr: 0 } }, 'job.task.startLr = 0'],
    ['a bad plan', { ...plain, task: { type: 'autoClr', steps: 500, plan: 'deca' } }, 'job.task.plan'],
  ])('refuses %s', (_, value, message) => expect(refusal(value)).toContain(message));

  it('refuses circular data', () => {
    const circle: { self?: unknown } = {};
    circle.self = circle;
    expect(refusal({ ...plain, data: circle })).toContain('more than 100 levels');
  });
});

describe('parseJobs', () => {
  it('refuses equal jobs, ids that differ only in case, and an empty list', () => {
    expect(() => parseJobs([plain, { ...plain, seed: 2 }, plain])).toThrow('jobs[0] and jobs[2]');
    expect(() =>
      parseJobs([
        { ...plain, id: 'a' },
        { ...plain, id: 'A' },
      ]),
    ).toThrow('the id "A"');
    expect(() =>
      parseJobs([
        { ...plain, id: 'a' },
        { ...plain, id: 'b' },
      ]),
    ).toThrow('jobs[0] and jobs[1], which differ only in their ids');
    expect(() => parseJobs([])).toThrow('Pass at least one job');
    expect(() => parseJobs([plain, { ...plain, sed: 1 }])).toThrow('jobs[1]');
  });
});
