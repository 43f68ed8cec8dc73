import { ClrError, type Policy, parsePolicy } from '@clr/core';
import { maxSteps } from './lengths.ts';

/** The content of a link to a picture of policies. */
export interface Shared {
  readonly policies: readonly Policy[];
  /** The chosen number of steps, if there is one. */
  readonly steps?: number;
  readonly log?: boolean;
}

/** The maximum number of policies in one picture: more cannot be distinguished at a glance. */
export const maxPolicies = 5;

/** Encodes a picture for an address: JSON in base64url. */
export function toLink({ policies, steps, log }: Shared): string {
  const data = { v: 1, p: policies, ...(steps !== undefined && { s: steps }), ...(log && { l: true }) };
  const bytes = new TextEncoder().encode(JSON.stringify(data));
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}

/**
 * Decodes a link that {@link toLink} encoded. The text may come from any source, so everything in it is checked.
 *
 * @throws {ClrError} if `toLink` could not have written the text
 */
export function fromLink(text: string): Shared {
  const { p, s, l } = decoded(text);
  if (!Array.isArray(p) || p.length === 0 || p.length > maxPolicies) {
    const received = Array.isArray(p) ? `${p.length} policies` : 'none';
    throw broken(`one to ${maxPolicies} policies in the link`, received);
  }
  if (s !== undefined && !(Number.isSafeInteger(s) && (s as number) >= 1 && (s as number) <= maxSteps)) {
    throw broken(`a whole number of steps up to ${maxSteps} in the link`, String(s));
  }
  const policies = p.map((each, i) => parsePolicy(each, `policies[${i}]`));
  return { policies, ...(s !== undefined && { steps: s as number }), ...(l === true && { log: true }) };
}

function decoded(text: string): Record<string, unknown> {
  try {
    const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
    const data: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    if (typeof data === 'object' && data !== null && 'v' in data && data.v === 1) return { ...data };
  } catch {
    // The text is not base64, UTF-8 or JSON. The error below reports this.
  }
  throw broken('a link of this page', 'a link that was cut or changed');
}

const broken = (expected: string, received: string): ClrError =>
  new ClrError('clr/playground', { expected, received, advice: 'Copy the whole link once more.' });
