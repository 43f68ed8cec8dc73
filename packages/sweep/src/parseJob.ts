import { canonical } from './canonical.ts';
import { fail, inWords } from './errors.ts';
import { type Fields, integer, optional, type Read, readFields } from './fields.ts';
import { hashText } from './hashText.ts';
import type { Job } from './job.ts';
import { parseOptimizer } from './parseOptimizer.ts';
import { parseTask } from './parseTask.ts';

const jobId: Read = (value, path) => {
  if (typeof value === 'string' && /^[A-Za-z0-9][\w.-]{0,99}$/.test(value)) return value;
  const expected = `${path} to be up to 100 letters, digits, ".", "_" and "-", starting with a letter or digit`;
  throw fail(
    expected,
    `${path} = ${inWords(value)}`,
    'The id is used for file names. Leave it out for a hash of the job.',
  );
};

const json: Read = (value, path) => JSON.parse(canonical(value, path));

const fields: Fields = {
  id: optional(jobId),
  model: json,
  data: json,
  inputs: optional(json),
  optimizer: parseOptimizer,
  seed: integer(0),
  task: parseTask,
};

/** A job without its id, as text. Equal jobs have equal texts. */
export function contentOf({ id: _, ...content }: Job): string {
  return canonical(content, 'job');
}

/**
 * Reads a job from unknown data, such as parsed JSON. Fills in every default of the optimizer and of policies. Without
 * an id, the job gets a hash of all other fields.
 *
 * @param name - how error messages refer to it
 * @returns a frozen copy
 * @throws {ClrError} if a field is missing, invalid or unknown; the message suggests the nearest legal name for a
 * misspelt one
 *
 * @example
 * ```ts
 * const job = parseJob({
 *   model: 'lenet',
 *   data: 'mnist',
 *   optimizer: { type: 'sgd', momentum: 0.9 },
 *   seed: 1,
 *   task: { type: 'fixed', lr: 0.1, steps: 50 },
 * });
 * job.id; // '96fd4c19afe34fc0'
 * ```
 */
export function parseJob(value: unknown, name = 'job'): Job {
  const read = readFields(value, fields, name) as unknown as Job;
  return Object.freeze({ ...read, id: read.id ?? hashText(contentOf(read)) });
}

/**
 * Reads a list of jobs. Two jobs with the same id, or that differ only in their ids, are refused.
 *
 * @param name - how error messages refer to the list
 * @throws {ClrError} as {@link parseJob} does, and if a job or an id occurs twice
 *
 * @example
 * ```ts
 * const [first, second] = parseJobs([1, 2].map((seed) => ({ ...job, id: undefined, seed })));
 * first.id === second.id; // false
 * ```
 */
export function parseJobs(value: unknown, name = 'jobs'): readonly Job[] {
  if (!Array.isArray(value) || value.length === 0) {
    const received = Array.isArray(value) ? 'an empty array' : inWords(value);
    throw fail(`${name} to be an array of jobs`, received, 'Pass at least one job.');
  }
  const jobs = Array.from(value, (each, at) => parseJob(each, `${name}[${at}]`));
  const places = new Map<string, number>();
  const contents = new Map<string, number>();
  for (const [at, job] of jobs.entries()) {
    // Some file systems ignore case.
    const key = job.id.toLowerCase();
    if (places.has(key)) {
      const received = `${name}[${places.get(key)}] and ${name}[${at}] with the id ${inWords(job.id)}`;
      throw fail('jobs that differ, each with its own id', received, 'Use different seeds or ids.');
    }
    places.set(key, at);
    const content = contentOf(job);
    if (contents.has(content)) {
      const received = `${name}[${contents.get(content)}] and ${name}[${at}], which differ only in their ids`;
      throw fail(
        'jobs that differ',
        received,
        'Use different seeds. The same job always has the same result.',
      );
    }
    contents.set(content, at);
  }
  return Object.freeze(jobs);
}
