import type { RangeTestTrace } from './trace.ts';

/** The current name of each renamed field of a trace. */
const formerNames = { probe: 'updatesPerRate', control: 'baseline', scout: 'coarse' };

/** Renames the fields of a trace that an older clr wrote. */
export function withTodaysNames(trace: RangeTestTrace): RangeTestTrace {
  const given: Readonly<Record<string, unknown>> = Object(trace);
  const former = Object.entries(formerNames).filter(([old]) => given[old] !== undefined);
  if (former.length === 0) return trace;
  return { ...Object.fromEntries(former.map(([old, name]) => [name, given[old]])), ...trace };
}
