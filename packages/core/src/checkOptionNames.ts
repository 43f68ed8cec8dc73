import { ClrError, show } from './errors.ts';
import { nearest } from './nearest.ts';

/** A type that is empty if the names cover all options. Otherwise it names the missing options in a type error. */
type Complete<Options, Names extends readonly string[]> =
  Exclude<keyof Options, Names[number]> extends never
    ? unknown
    : { readonly missing: Exclude<keyof Options, Names[number]> };

/**
 * Refuses unknown options, and values that are not an object of options. Adapters use it too, so that a misspelt
 * option is never ignored. An instance of a class may hold more than options, so its names are not checked.
 *
 * @param scope - the package named in the message: `clr/onnx`
 * @param call - the function that takes the options
 * @param names - the names of all its options: TypeScript reports missing ones
 * @returns the options
 * @throws {ClrError} on an unknown name, with the nearest legal name as advice, or on a value that is not an object
 *
 * @example
 * ```ts
 * try {
 *   checkOptionNames('clr/onnx', 'createTrainer', { clipnorm: 1 }, ['clipNorm', 'loss']);
 * } catch (error) {
 *   error.message.split('\n')[2]; // 'Did you mean "clipNorm"?'
 * }
 * ```
 */
export function checkOptionNames<Options extends object, const Names extends readonly string[]>(
  scope: string,
  call: string,
  given: Options,
  names: Names & Complete<Options, Names>,
): Options {
  const list = names.join(', ');
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new ClrError(scope, {
      expected: `the options of ${call}, an object with ${list}`,
      received: show(given),
      advice: `Name each option: { ${names[0]}: … }.`,
    });
  }
  const plain = [Object.prototype, null].includes(Object.getPrototypeOf(given));
  for (const name in plain ? given : {}) {
    if (names.includes(name)) continue;
    throw new ClrError(scope, {
      expected: `${call} to get no other options than ${list}`,
      received: `the unknown option ${name} = ${show((given as Record<string, unknown>)[name])}`,
      advice: nearest(name, names),
    });
  }
  return given;
}
