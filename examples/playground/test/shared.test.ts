import { PolicyError, parsePolicy, triangular } from '@clr/core';
import { describe, expect, it } from 'vitest';
import { kinds } from '../src/policies/kinds.ts';
import { fromLink, toLink } from '../src/policies/shared.ts';

it('the menu has every kind of policy', () => {
  const refused = () => parsePolicy({ type: '?' });
  for (const { type } of kinds) expect(refused).toThrow(new RegExp(`one of .*\\b${type}\\b`));
  const types = new Set(kinds.map(({ type }) => type));
  expect(refused).toThrow(new RegExp(`one of (\\w+(, |\\.$)){${types.size}}`, 'm'));
});

describe('a link', () => {
  it('holds every kind of policy', () => {
    for (const { make } of kinds) {
      const shared = { policies: [make({ low: 1e-7, high: 0.3, steps: 1234 })], steps: 77, log: true };
      expect(fromLink(toLink(shared))).toEqual(shared);
    }
  });

  const encode = (data: unknown): string => Buffer.from(JSON.stringify(data)).toString('base64url');
  const policy = triangular({ baseLr: 0, maxLr: 1, stepSize: 3 });

  it.each([
    ['no text', ''],
    ['text that is not base64', '%%%'],
    ['another version', encode({ v: 2, p: [policy] })],
    ['no policy', encode({ v: 1, p: [] })],
    ['too many policies', encode({ v: 1, p: Array.from({ length: 6 }, () => policy) })],
    ['an invalid step count', encode({ v: 1, p: [policy], s: -1 })],
    ['bytes that are not text', Buffer.from([0xff, 0xfe, 0x7b]).toString('base64url')],
  ])('with %s is refused, with advice', (_, text) => {
    expect(() => fromLink(text)).toThrow(/^\[clr\/playground\] Expected .*Copy the whole link once more\.$/s);
  });

  it('with a bad policy names its field', () => {
    expect(() => fromLink(encode({ v: 1, p: [{ ...policy, stepSize: 0 }] }))).toThrow(PolicyError);
  });
});
