const highest = 2n ** 63n - 1n;

/**
 * Converts a number to int64. Exporters write the highest int64 for "to the end". As a JavaScript number, this value
 * becomes 2^63, which is one too large. It is clamped, because otherwise it would wrap to the lowest int64.
 */
export function int64(value: number): bigint {
  const exact = BigInt(value);
  return exact > highest ? highest : exact < -highest - 1n ? -highest - 1n : exact;
}
