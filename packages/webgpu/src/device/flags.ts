/**
 * The values of WebGPU's bit flags in the specification. They are written out here, because Node's bindings do not
 * put `GPUBufferUsage` and `GPUMapMode` on the global object.
 *
 * @see https://www.w3.org/TR/webgpu/#namespacedef-gpubufferusage
 */
export const usage = {
  mapRead: 0x1,
  mapWrite: 0x2,
  copySource: 0x4,
  copyTarget: 0x8,
  uniform: 0x40,
  storage: 0x80,
} as const;

/** `GPUMapMode.READ`. */
export const mapRead = 0x1;

const names: readonly (readonly [number, string])[] = [
  [usage.copySource, 'COPY_SRC'],
  [usage.copyTarget, 'COPY_DST'],
  [usage.uniform, 'UNIFORM'],
  [usage.storage, 'STORAGE'],
];

/** The names of the flags in a usage, as an error message shows them. */
export function describeUsage(flags: number): string {
  return (
    names
      .filter(([bit]) => flags & bit)
      .map(([, name]) => name)
      .join(' | ') || 'none of these flags'
  );
}
