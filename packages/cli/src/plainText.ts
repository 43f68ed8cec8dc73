// What a terminal acts on instead of showing it, and what changes how its neighbours are shown: all control and format
// characters, except the end of a line.
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Text that is safe to print: names of files and fields of somebody else's JSON cannot steer the terminal. */
export function plainText(text: string): string {
  return text.replace(unprintable, (character) =>
    character === '\n' ? character : `\\u{${character.codePointAt(0)!.toString(16)}}`,
  );
}
