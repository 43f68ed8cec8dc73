import { type Group, type Piece, wholeFours } from './groups.ts';
import { pairIndex, pairsOf } from './windowAccess.ts';

/** Numbers per workgroup. */
export const blockLength = 1024;
/**
 * Threads per workgroup. Each thread takes every 64th number, or every 64th group of four numbers, of its block. So
 * neighbouring threads read neighbouring numbers. 64 is a multiple of the usual subgroup sizes.
 */
export const blockThreads = 64;

/** The kernels' `struct Block`: one workgroup's share of a piece. */
export const blockStruct = `struct Block {
  // the pair of windows that holds its weights and gradients, and its offset there
  pair: u32, valueOffset: u32, gradientOffset: u32,
  // where this block's slots start: slot k of its j-th weight is at slot + k * (count rounded up to fours) + j
  slot: u32, count: u32, id: u32,
}`;

/** The offsets of a block: of its weights within their piece, and of its slots within all slots of the group. */
export interface BlockPlace {
  readonly piece: Piece;
  readonly start: number;
  readonly count: number;
  /** The offset of slot 0. Slot k is k strides further. */
  readonly slot: number;
  readonly stride: number;
}

/** Cuts a group into blocks. */
export function* blockPlaces({ pieces }: Group, slots: number): Generator<BlockPlace> {
  let weights = 0;
  for (const piece of pieces) {
    for (let start = 0; start < piece.length; start += blockLength) {
      const count = Math.min(blockLength, piece.length - start);
      const stride = wholeFours(count);
      yield { piece, start, count, slot: weights * slots, stride };
      weights += stride;
    }
  }
}

/** The blocks of a group in the kernels' layout. Block numbers continue from `firstId` through all groups. */
export function blocksOf(group: Group, slots: number, firstId: number): Uint32Array<ArrayBuffer> {
  const rows: number[] = [];
  const pairs = pairsOf(group);
  let id = firstId;
  for (const { piece, start, count, slot } of blockPlaces(group, slots)) {
    const pair = pairIndex(pairs, piece);
    rows.push(pair, piece.valueOffset + start, piece.gradientOffset + start, slot, count, id++);
  }
  return new Uint32Array(rows);
}

/** The number of blocks that {@link blocksOf} returned. */
export function blockCount(blocks: Uint32Array): number {
  return blocks.length / 6;
}
