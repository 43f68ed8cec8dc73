// Strings come first, so that a NaN inside one stays what it is.
const tokens = /"(?:[^"\\]|\\.)*"|-?\b(?:Infinity|NaN)\b/g;

/**
 * Parses JSON that Python wrote, with `NaN`, `Infinity` and `-Infinity` in it: they become `null`, as JavaScript's own
 * JSON has them.
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
