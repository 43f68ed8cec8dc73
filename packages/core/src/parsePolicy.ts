import { registerBuiltIns } from './policies/builtInKinds.ts';
import { readPolicy } from './policies/readPolicy.ts';
import type { Policy } from './policy.ts';

/**
 * Reads a policy from unknown data, such as parsed JSON. The result equals what the factory of its type returns: frozen
 * and without other fields.
 *
 * @param value - an object with a `type` and the fields of that type
 * @param name - a name for the data in error messages, such as the name of its file
 * @throws {PolicyError} naming the field at fault, what was expected and what was received; for a misspelt
 *   `type` or field the advice is the nearest legal name
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
