import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { escapeText, formatCount, formatRate, formatShare } from './words.ts';

describe('formatRate', () => {
  it.each([
    [0, '0'],
    [0.001, '0.001'],
    [0.0123456, '0.0123'],
    [0.00045, '4.5e-4'],
    [1e-7, '1e-7'],
    [123456, '1.23e5'],
    [10, '10'],
  ])('formats %d as %s', (rate, text) => expect(formatRate(rate)).toBe(text));

  it('is within half a per cent of the rate', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-30, max: 1e30, noNaN: true }), (rate) => {
        expect(Math.abs(Number(formatRate(rate)) / rate - 1)).toBeLessThanOrEqual(0.00501);
      }),
    );
  });
});

describe('the other formats', () => {
  it('group thousands and give per cent', () => {
    expect([0, 999, 1000, 1234567].map(formatCount)).toEqual(['0', '999', '1,000', '1,234,567']);
    expect(formatShare(0.98765)).toBe('98.77 %');
  });

  it('escape markup and remove characters that XML forbids', () => {
    expect(escapeText('<a b="c">&\'')).toBe('&lt;a b=&quot;c&quot;&gt;&amp;&#39;');
    expect(escapeText('a\u0000\u001b[1m\ufffe\ud800b\n😀')).toBe('a[1mb\n😀');
  });
});
