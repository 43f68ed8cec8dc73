import { isHalf, narrow } from '../format/half.ts';
import type { Replacement } from '../format/patch.ts';
import type { Outside } from '../format/place.ts';

/** New bytes for part of an external data file. */
interface Part {
  readonly location: string;
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** Separates new tensor values that belong in the model's file from those that belong in its external files. */
export function splitByFile(
  values: readonly Replacement[],
  outside: ReadonlyMap<string, Outside>,
): { inside: Replacement[]; outside: Part[] } {
  const parts = values.flatMap(({ name, data }) => {
    const place = outside.get(name);
    if (!place) return [];
    const half = !(data instanceof Uint8Array) && isHalf(place.dataType);
    const own = half ? narrow(data, place.dataType) : data;
    const bytes = new Uint8Array(own.buffer, own.byteOffset, own.byteLength);
    return [{ location: place.location, offset: place.offset, bytes }];
  });
  return { inside: values.filter(({ name }) => !outside.has(name)), outside: parts };
}
