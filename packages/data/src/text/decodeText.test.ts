import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeText } from './decodeText.ts';

const utf8 = (text: string): Buffer => Buffer.from(text, 'utf8');
const utf16le = (text: string): Buffer => Buffer.from(text, 'utf16le');
const utf16be = (text: string): Buffer => utf16le(text).swap16();

describe('decodeText', () => {
  it('reads JSON in UTF-8 and UTF-16, with and without a byte order mark', () => {
    fc.assert(
      fc.property(
        fc.json(),
        fc.constantFrom(utf8, utf16le, utf16be),
        fc.constantFrom('', '\ufeff'),
        (json, encode, mark) => {
          expect(decodeText(encode(mark + json))).toBe(json);
        },
      ),
    );
  });

  it('decodes no bytes to an empty text', () => {
    for (const encode of [utf8, utf16le, utf16be]) expect(decodeText(encode('\ufeff'))).toBe('');
    expect(decodeText(new Uint8Array())).toBe('');
  });

  it('refuses bytes that are not text instead of replacing them', () => {
    expect(() => decodeText(Uint8Array.of(0x22, 0xe4, 0x22))).toThrow(TypeError);
  });
});
