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
 * Reads the number in a cell of a table. It knows the spellings of NaN and infinity in Python, R and JavaScript.
 * Returns `undefined` for everything else.
 *
 * @param comma - true if a comma may be the decimal mark, as in files with semicolons between cells
 */
export function readNumber(cell: string, comma = false): number | undefined {
  const text = cell.trim();
  if (plain.test(text)) return Number(text);
  if (comma && withComma.test(text)) return Number(text.replace(',', '.'));
  return special[text.toLowerCase()];
}
