/**
 * Whether a weight belongs to an adapter made by {@link addLora}. Pass it as `trainable`.
 *
 * @example
 * ```ts
 * isLora('encoder.query.lora_A.weight'); // true
 * ```
 */
export function isLora(name: string): boolean {
  return /\.lora_([AB]\.weight|embedding_[AB])$/.test(name);
}
