/**
 * Formats a rate with at most three digits.
 *
 * @example
 * ```ts
 * formatRate(0.0123456); // '0.0123'
 * formatRate(0.000045); // '4.5e-5'
 * ```
 */
export function formatRate(rate: number): string {
  return formatNumber(rate, 3);
}

/**
 * Formats a number with `digits` significant digits, and with an exponent instead of many zeros.
 *
 * @example
 * ```ts
 * formatNumber(2.30259, 4); // '2.303'
 * ```
 */
export function formatNumber(value: number, digits: number): string {
  const rounded = Number(value.toPrecision(digits));
  if (rounded === 0) return '0';
  const size = Math.abs(rounded);
  if (size >= 0.001 && size < 1e5) return String(rounded);
  return rounded.toExponential().replace('e+', 'e');
}

/**
 * Formats a share in per cent.
 *
 * @example
 * ```ts
 * formatShare(0.98313); // '98.31 %'
 * ```
 */
export function formatShare(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}

/**
 * Formats a whole number with grouped thousands.
 *
 * @example
 * ```ts
 * formatCount(12000); // '12,000'
 * ```
 */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** The number of digits that tell the labels of an axis from `low` to `high` apart: 3, or more if both are close. */
export function digitsBetween(low: number, high: number): number {
  const parts = Math.max(Math.abs(low), Math.abs(high)) / (high - low);
  return Number.isFinite(parts) ? Math.min(12, Math.max(3, 2 + Math.ceil(Math.log10(parts)))) : 3;
}

/** Escapes text for the content and the quoted attributes of XML and HTML. */
export function escapeText(text: string): string {
  const entities: Record<string, string> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return legalText(text).replace(/[&<>"']/g, (character) => entities[character]!);
}

/** Removes the characters that XML forbids even in escaped form. */
export function legalText(text: string): string {
  return text.replace(/(?![\t\n\r])[\p{Cc}\p{Cs}\uFFFE\uFFFF]/gu, '');
}
