// Strings are matched first, so that a NaN inside a string is kept.
const tokens = /"(?:[^"\\]|\\.)*"|-?\b(?:Infinity|NaN)\b/g;

/**
 * Parses JSON from Python with `NaN`, `Infinity` and `-Infinity`. They become `null`, as in JavaScript's JSON.
 *
 * @throws {SyntaxError} if it is not JSON
 */
export function looseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const plain = text.replace(tokens, (token) => (token.startsWith('"') ? token : 'null'));
    if (plain === text) throw error;
    return JSON.parse(plain);
  }
}
