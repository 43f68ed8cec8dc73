import { fail } from './assert.ts';
import type { Subject } from './subject.ts';

const functions = ['create', 'size'] as const;
const optionalFunctions = [
  'createWithMomentum',
  'createWithHyperparameters',
  'blank',
  'liveResources',
] as const;
const optionalMethods: readonly unknown[] = ['average', 'predictBatch', 'constantAnswer', 'batchSharpness'];

/** Refuses a subject with a bad field, because the checks would fail for another reason, or check less than they say. */
export function checkSubject<Batch>(subject: Subject<Batch>): void {
  const refuse = (name: keyof Subject<Batch>, expected: string, received: unknown): never => {
    throw fail(
      `${name} of the subject to be ${expected}`,
      String(received),
      'The README describes each field.',
    );
  };
  for (const name of [...functions, ...optionalFunctions]) {
    const given: unknown = subject[name];
    const absent = given === undefined && optionalFunctions.some((other) => other === name);
    if (!absent && typeof given !== 'function') refuse(name, 'a function', given);
  }
  const { batches, badBatches, rate = 0.05, optional = [] } = subject;
  if (!Array.isArray(batches)) refuse('batches', 'a list', batches);
  if (batches.length < 3) {
    throw fail('a subject with at least three batches', `${batches.length}`, 'Add further batches.');
  }
  if (typeof badBatches !== 'object' || badBatches === null) refuse('badBatches', 'an object', badBatches);
  if (!(Number.isFinite(rate) && rate > 0)) refuse('rate', 'a number above 0', rate);
  if (!Array.isArray(optional)) refuse('optional', 'a list', optional);
  const unknown = optional.find((name) => !optionalMethods.includes(name));
  if (unknown !== undefined) refuse('optional', `a list of ${optionalMethods.join(', ')}`, unknown);
}
