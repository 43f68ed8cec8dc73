import type { RangeTestTrace } from './trace.ts';

/** Fields of a trace by the names that they once had. */
const formerNames = { probe: 'updatesPerRate', control: 'baseline', scout: 'coarse' };

/** The trace with today's names: JSON that an older clr wrote has former ones. */
export function withTodaysNames(trace: RangeTestTrace): RangeTestTrace {
  const given: Readonly<Record<string, unknown>> = Object(trace);
  const former = Object.entries(formerNames).filter(([old]) => given[old] !== undefined);
  if (former.length === 0) return trace;
  return { ...Object.fromEntries(former.map(([old, name]) => [name, given[old]])), ...trace };
}
