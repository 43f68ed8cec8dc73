const special: Readonly<Record<string, number>> = {
  nan: Number.NaN,
  inf: Infinity,
  '+inf': Infinity,
  '-inf': -Infinity,
  infinity: Infinity,
  '+infinity': Infinity,
  '-infinity': -Infinity,
};

const plain = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const withComma = /^[+-]?\d+,\d+(?:e[+-]?\d+)?$/i;

/**
 * The number in a cell of a table, with the spellings of NaN and infinity that Python, R and JavaScript use; `undefined` for
 * everything else.
 *
 * @param comma - whether a comma may be the decimal mark, as in files whose cells a semicolon parts
 */
export function readNumber(cell: string, comma = false): number | undefined {
  const text = cell.trim();
  if (plain.test(text)) return Number(text);
  if (comma && withComma.test(text)) return Number(text.replace(',', '.'));
  return special[text.toLowerCase()];
}
