import { PolicyError } from '../errors.ts';
import { type Fields, fieldsOf, join, readFields, unknownName } from '../fields.ts';
import { maxNesting } from '../limits.ts';
import type { CustomSchedule } from '../schedule.ts';

/** A policy of any kind. `Policy` is the union of all kinds. */
type PolicyData = { readonly type: string };

/** A kind of policy: its name in JSON, the rules of its fields, and its schedule. */
export interface PolicyKind<P extends PolicyData = PolicyData> {
  readonly type: P['type'];
  readonly fields: Fields;
  /** Refuses fields that are legal alone but not together. */
  readonly check?: (policy: P, path: string) => void;
  readonly schedule: (policy: P) => CustomSchedule;
}

// A bundle contains only the kinds whose factories (or parsePolicy) it imports.
const registry = new Map<unknown, PolicyKind>();

/** Registers a kind for `toSchedule`. The file that defines the kind calls it. */
export function register<P extends PolicyData>(kind: PolicyKind<P>): PolicyKind<P> {
  registry.set(kind.type, kind as unknown as PolicyKind);
  return kind;
}

/** The policy kind of a type. If there is none, throws an error that suggests the nearest type. */
export function kindOf(type: unknown, path = ''): PolicyKind {
  const kind = registry.get(type);
  if (!kind) throw unknownName(type, [...registry.keys()] as string[], join(path, 'type'), type);
  return kind;
}

// The nesting depth of the policy under construction.
let nesting = 0;

/** A frozen, checked policy of one kind. `path` is its position inside another policy. */
export function makePolicy<P extends PolicyData>(kind: PolicyKind<P>, options: unknown, path = ''): P {
  // The options of a factory have no `type`, so this error must not ask for one.
  fieldsOf(options, path || 'options', `an object with ${Object.keys(kind.fields).join(', ')}`);
  if (nesting >= maxNesting) {
    // Only a nested policy reaches this line, so it has a path.
    const advice = 'Put the stages of the inner sequences into the outer one.';
    throw new PolicyError(path, options, `at most ${maxNesting} policies deep`, advice);
  }
  nesting++;
  try {
    const fields = { ...kind.fields, type: () => kind.type };
    const policy = readFields(options, fields, path) as unknown as P;
    kind.check?.(policy, path);
    return Object.freeze(policy);
  } finally {
    nesting--;
  }
}
