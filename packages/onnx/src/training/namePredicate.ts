import { fail } from '../errors.ts';
import { show } from '../show.ts';

/** Returns true or false for the name of a weight. */
export type NamePredicate = (name: string) => boolean;

/** Advice on what to pass instead of a list, a pattern or a name. */
export function predicateAdvice(value: unknown): string {
  if (Array.isArray(value)) return `Pass (name) => ${show(value)}.includes(name).`;
  if (value instanceof RegExp) return `Pass (name) => ${value}.test(name).`;
  return `Pass (name) => name === ${typeof value === 'string' ? show(value) : "'fc.weight'"}, for example.`;
}

/** Makes a predicate throw unless it returns true or false. A promise, for example, would count as true. */
export function answered(predicate: NamePredicate, what: string): NamePredicate {
  return (name) => {
    const answer: unknown = predicate(name);
    if (typeof answer === 'boolean') return answer;
    throw fail(
      `${what} to return true or false`,
      `${what}(${show(name)}) = ${show(answer)}`,
      'Return a boolean.',
    );
  };
}

/** Reads an option that is a predicate on weights' names. The default is false for all names. */
export function readPredicate(what: string, value: unknown): NamePredicate {
  if (value === undefined) return () => false;
  if (typeof value === 'function') return answered(value as NamePredicate, what);
  throw fail(`${what} to be a function of a name`, `${what} = ${show(value)}`, predicateAdvice(value));
}
