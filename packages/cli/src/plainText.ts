// All control and format characters except line ends. A terminal acts on them, or they change how the characters beside
// them are shown.
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Text that is safe to print: file names and fields of untrusted JSON cannot control the terminal. */
export function plainText(text: string): string {
  return text.replace(unprintable, (character) =>
    character === '\n' ? character : `\\u{${character.codePointAt(0)!.toString(16)}}`,
  );
}
