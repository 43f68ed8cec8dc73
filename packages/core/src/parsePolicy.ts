import { registerBuiltIns } from './policies/builtInKinds.ts';
import { readPolicy } from './policies/readPolicy.ts';
import type { Policy } from './policy.ts';

/**
 * Reads a policy from unknown data, such as parsed JSON. The result equals that of the factory of that
 * type: frozen and without other fields.
 *
 * @param value - an object with a `type` and the fields of that type
 * @param name - its name in error messages, such as the name of its file
 * @throws {PolicyError} naming the field at fault, what was expected and what was received; a misspelt
 *   `type` or field gets the nearest one as advice
 *
 * @example
 * ```ts
 * parsePolicy(JSON.parse('{ "type": "constant", "lr": 0.01 }')); // { type: 'constant', lr: 0.01 }
 * ```
 */
export function parsePolicy(value: unknown, name = ''): Policy {
  registerBuiltIns();
  return readPolicy(value, name);
}
