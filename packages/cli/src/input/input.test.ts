import { ClrError } from '@clr/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exampleRun, exampleTrace } from '../../test/examples.ts';
import type { Check } from './check.ts';
import { parseRun } from './parseRun.ts';
import { parseTrace } from './parseTrace.ts';

const again = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

/** Whether a reader takes a value or refuses it in our own words; anything else is a defect. */
function takes(parse: Check<unknown>, value: unknown): boolean {
  try {
    parse(value, 'x.json');
    return true;
  } catch (error) {
    if (!(error instanceof ClrError)) throw error;
    expect(error.message).toMatch(/^\[clr\/\w+\] Expected .+\.\nReceived: /);
    return false;
  }
}

describe.each([
  [
    'parseTrace',
    parseTrace,
    { ...exampleTrace(), validation: [{ step: 1, lr: 1, loss: null, accuracy: 0.5 }] },
  ],
  ['parseTrace', parseTrace, { ...exampleTrace(), stopped: { step: 3, reason: 'diverged' } }],
  [
    'parseTrace',
    parseTrace,
    {
      ...exampleTrace(),
      probe: 5,
      control: { loss: 2.3, accuracy: 0.1 },
      scout: [{ step: 0, lr: 1e-6, loss: 2.3 }],
      updateKind: 'momentum',
    },
  ],
  ['parseRun', parseRun, exampleRun()],
  ['parseRun', parseRun, { ...exampleRun(), stopped: { step: 20, reason: 'ended' } }],
  ['parseRun', parseRun, { ...exampleRun(), stopped: { step: 20, reason: 'aborted' } }],
] as const)('%s', (_, parse, whole) => {
  it('gives back what was written, field for field', () => {
    expect(parse(again(whole), 'x.json')).toEqual(again(whole));
  });

  it('takes or refuses any JSON there is', () => {
    fc.assert(fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => void takes(parse, value)));
  });

  it('takes or refuses a record with any one field replaced', () => {
    const fields = fc.constantFrom(...Object.keys(whole));
    fc.assert(
      fc.property(fields, fc.jsonValue(), (field, value) => void takes(parse, { ...whole, [field]: value })),
    );
  });

  it('refuses a record without a field it needs', () => {
    for (const field of [
      'version',
      ...('points' in whole ? ['points', 'spacing'] : ['steps', 'troughs', 'from']),
    ]) {
      expect(takes(parse, { ...whole, [field]: undefined })).toBe(false);
    }
  });
});
