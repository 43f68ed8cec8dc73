import { ClrError, show } from './errors.ts';
import { nearest } from './nearest.ts';

/**
 * Refuses options that a function does not have, and what is no object of options. Adapters use it too, so that a
 * misspelt option is never ignored.
 *
 * @param scope - the package that speaks: `clr/onnx`
 * @param call - the function whose options they are
 * @param names - the names that it knows
 * @returns the options; an empty object for none
 * @throws {ClrError} on another name, with the nearest legal one, or a value that is no object
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
export function checkOptionNames<Options extends object>(
  scope: string,
  call: string,
  given: Options | undefined,
  names: readonly string[],
): Options {
  const options: unknown = given ?? {};
  const list = names.join(', ');
  if (given === null || typeof options !== 'object' || Array.isArray(options)) {
    throw new ClrError(scope, {
      expected: `the options of ${call}: an object with ${list}`,
      received: show(given),
      advice: `Name each option: ${call}(…, { ${names[0]}: … }).`,
    });
  }
  for (const name in options) {
    if (names.includes(name)) continue;
    throw new ClrError(scope, {
      expected: `${call} to get no other options than ${list}`,
      received: `the unknown option ${name} = ${show((options as Record<string, unknown>)[name])}`,
      advice: nearest(name, names),
    });
  }
  return options as Options;
}
