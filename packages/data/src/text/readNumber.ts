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
const groups = /^[+-]?[1-9]\d{0,2}(?:\.\d{3})+$/;
const groupsWithComma = /^[+-]?[1-9]\d{0,2}(?:\.\d{3})+,\d+$/;

/** True for digits that points may divide into thousands: 1.200 is a thousand or, in English, a little more than one. */
export const isGrouped = (cell: string): boolean => groups.test(cell.trim());

/** True for a number whose points certainly divide it into thousands, because it has a decimal comma: 1.200,5. */
export const hasThousands = (cell: string): boolean => groupsWithComma.test(cell.trim());

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
  if (comma && hasThousands(text)) return Number(text.replaceAll('.', '').replace(',', '.'));
  return special[text.toLowerCase()];
}
