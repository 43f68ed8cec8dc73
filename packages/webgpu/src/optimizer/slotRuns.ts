import { blockPlaces } from './blocks.ts';
import { type Group, isOneRun, type Piece, type Window, wholeFours } from './groups.ts';
import type { Parameter } from './parameter.ts';

/** A contiguous piece of one parameter's slot, with its group and its offset within that group, in elements. */
export interface SlotRun {
  readonly group: number;
  readonly slot: number;
  /** Offset from the start of the group's slots. */
  readonly offset: number;
  /** Offset from the start of the parameter. */
  readonly at: number;
  readonly length: number;
}

/** The weights of a block or of a whole run, contiguous in a value buffer. */
interface Stretch {
  readonly group: number;
  readonly from: number;
  readonly count: number;
  /** The offset of slot 0, and the stride from slot to slot. */
  readonly offset: number;
  readonly stride: number;
}

/**
 * Locates the slots of each parameter. On the device, slots are cut into groups and blocks in a way that depends on
 * the device's limits. A snapshot holds the slots by parameter.
 */
export function slotRuns(
  parameters: readonly Parameter[],
  groups: readonly Group[],
  slots: number,
): readonly (readonly SlotRun[])[] {
  const stretches = stretchesOf(groups, slots);
  return parameters.map(({ value, valueOffset = 0, length }) => {
    const end = valueOffset + length;
    const all = stretches.get(value) ?? [];
    const runs: SlotRun[] = [];
    for (let index = firstAfter(all, valueOffset); index < all.length; index++) {
      const { group, from, count, offset, stride } = all[index] as Stretch;
      if (from >= end) break;
      const start = Math.max(from, valueOffset);
      const run = { group, at: start - valueOffset, length: Math.min(from + count, end) - start };
      for (let slot = 0; slot < slots; slot++) {
        runs.push({ ...run, slot, offset: offset + slot * stride + start - from });
      }
    }
    return runs;
  });
}

/** The blocks of all groups by value buffer, in the order of its elements. */
function stretchesOf(groups: readonly Group[], slots: number): Map<GPUBuffer, Stretch[]> {
  const stretches = new Map<GPUBuffer, Stretch[]>();
  groups.forEach((group, index) => {
    const [run] = group.pieces as readonly [Piece];
    const whole = { piece: run, start: 0, count: run.length, slot: 0, stride: wholeFours(run.length) };
    for (const { piece, start, count, slot, stride } of isOneRun(group)
      ? [whole]
      : blockPlaces(group, slots)) {
      const window = group.windows[piece.value] as Window;
      const from = window.offset / 4 + piece.valueOffset + start;
      const list = stretches.get(window.buffer) ?? [];
      list.push({ group: index, from, count, offset: slot, stride });
      stretches.set(window.buffer, list);
    }
  });
  for (const list of stretches.values()) list.sort((a, b) => a.from - b.from);
  return stretches;
}

/** The index of the first stretch that ends after an offset. */
function firstAfter(stretches: readonly Stretch[], place: number): number {
  let [low, high] = [0, stretches.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const { from, count } = stretches[middle] as Stretch;
    if (from + count > place) high = middle;
    else low = middle + 1;
  }
  return low;
}
