/**
 * Reads a number as people write it: `0,001` is 0.001. In a whole number, `1,000` and `1 000` are 1000. Other text is
 * returned as it is, so that an error can quote it.
 */
export function numberIn(text: string, whole = false): number | string {
  const grouped = whole && /^\s*\d{1,3}([,\s]\d{3})+\s*$/.test(text);
  const plain = grouped ? text.replaceAll(/[,\s]/g, '') : text.trim().replace(',', '.');
  const value = Number(plain);
  return plain === '' || Number.isNaN(value) ? text : value;
}
