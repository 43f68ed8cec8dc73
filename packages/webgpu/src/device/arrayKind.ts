/** The kind of an array, which `instanceof` does not tell for one of another realm: `Float32Array`, `Array`. */
export const arrayKind = (value: unknown): string => Object.prototype.toString.call(value).slice(8, -1);

/** True for bytes, which mean value / 255. */
export const isBytes = (value: unknown): boolean => arrayKind(value) === 'Uint8Array';
