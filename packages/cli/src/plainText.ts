// Control and format characters, including line breaks. A terminal acts on them, or they change how the characters
// beside them are shown.
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Makes text safe to print: file names and fields of untrusted JSON cannot control the terminal. Keeps line breaks. */
export function plainText(text: string): string {
  return text.replace(unprintable, (character) =>
    character === '\n' ? character : `\\u{${character.codePointAt(0)!.toString(16)}}`,
  );
}
