const highest = 2n ** 63n - 1n;

/**
 * A number as ONNX stores integers. The highest int64, which exporters write for "to the end", is read as 2^63:
 * the nearest number. It must not come out as the lowest.
 */
export function int64(value: number): bigint {
  const exact = BigInt(value);
  return exact > highest ? highest : exact < -highest - 1n ? -highest - 1n : exact;
}
