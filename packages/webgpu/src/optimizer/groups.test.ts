import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { usage } from '../device/flags.ts';
import { blockCount, blockLength, blocksOf } from './blocks.ts';
import { groupParameters } from './groups.ts';
import type { Parameter } from './parameter.ts';

/** A buffer with the fields that grouping reads. */
const bufferOf = (numbers: number): GPUBuffer =>
  ({ size: numbers * 4, usage: usage.storage }) as unknown as GPUBuffer;

const limits = {
  maxStorageBuffersPerShaderStage: 8,
  maxStorageBufferBindingSize: 1024, // 256 numbers, so that buffers need several windows
  minStorageBufferOffsetAlignment: 256,
};

/** Parameters in a few shared buffers or in their own, with gaps. */
const parameters = fc
  .array(
    fc.record({
      length: fc.integer({ min: 1, max: 600 }),
      gap: fc.integer({ min: 0, max: 5 }),
      arena: fc.integer({ min: 0, max: 3 }),
    }),
    { minLength: 1, maxLength: 30 },
  )
  .map((wishes): Parameter[] => {
    const ends = [0, 0, 0, 0];
    const placed = wishes.map(({ length, gap, arena }) => {
      const offset = (ends[arena] as number) + gap;
      ends[arena] = offset + length;
      return { length, arena, offset };
    });
    const arenas = ends.map((end) => [bufferOf(end), bufferOf(end)] as const);
    return placed.map(({ length, arena, offset }) => {
      const [value, gradient] =
        arena === 0
          ? [bufferOf(length), bufferOf(length)]
          : (arenas[arena] as readonly [GPUBuffer, GPUBuffer]);
      const start = arena === 0 ? 0 : offset;
      return { value, gradient, length, valueOffset: start, gradientOffset: start };
    });
  });

describe('groupParameters', () => {
  it('covers each weight once, with its own gradient, within every limit', () => {
    fc.assert(
      fc.property(parameters, fc.integer({ min: 0, max: 3 }), (list, slots) => {
        const groups = groupParameters(list, limits, slots);
        const seen = new Map<GPUBuffer, Set<number>>();
        let pairs = 0;
        for (const group of groups) {
          expect(group.windows.length + 2).toBeLessThanOrEqual(limits.maxStorageBuffersPerShaderStage);
          expect(group.length * slots * 4).toBeLessThanOrEqual(limits.maxStorageBufferBindingSize);
          for (const { offset, size, buffer } of group.windows) {
            expect(offset % limits.minStorageBufferOffsetAlignment).toBe(0);
            expect(size).toBeLessThanOrEqual(limits.maxStorageBufferBindingSize);
            expect(offset + size).toBeLessThanOrEqual(buffer.size);
          }
          for (const piece of group.pieces) {
            const value = group.windows[piece.value] as (typeof group.windows)[0];
            const gradient = group.windows[piece.gradient] as (typeof group.windows)[0];
            expect(group.written.has(piece.value)).toBe(true);
            expect((piece.valueOffset + piece.length) * 4).toBeLessThanOrEqual(value.size);
            expect((piece.gradientOffset + piece.length) * 4).toBeLessThanOrEqual(gradient.size);
            expect(gradient.buffer).toBe(
              list.find((parameter) => parameter.value === value.buffer)?.gradient,
            );
            const first = value.offset / 4 + piece.valueOffset;
            expect(gradient.offset / 4 + piece.gradientOffset).toBe(first);
            const weights = seen.get(value.buffer) ?? new Set<number>();
            seen.set(value.buffer, weights);
            for (let index = 0; index < piece.length; index++) weights.add(first + index);
            pairs += piece.length;
          }
        }
        const wanted = list.flatMap(({ value, valueOffset = 0, length }) =>
          Array.from({ length }, (_, index) => seen.get(value)?.has(valueOffset + index)),
        );
        expect(wanted.every(Boolean)).toBe(true);
        expect(pairs).toBe(wanted.length); // no weight twice
      }),
      { numRuns: 60 },
    );
  });

  it('merges neighbours into one run, and all parameters of shared buffers into one dispatch', () => {
    const [value, gradient] = [bufferOf(256), bufferOf(256)];
    const list = Array.from({ length: 64 }, (_, index) => ({
      value,
      gradient,
      length: 4,
      valueOffset: index * 4,
      gradientOffset: index * 4,
    }));
    const groups = groupParameters(list, limits, 1);
    expect(groups).toHaveLength(1);
    expect(groups[0]?.pieces).toEqual([
      { value: 0, valueOffset: 0, gradient: 1, gradientOffset: 0, length: 256 },
    ]);
  });

  it('cuts pieces into blocks whose slots follow each other', () => {
    const length = 2 * blockLength + 5;
    const roomy = { ...limits, maxStorageBufferBindingSize: 2 ** 20 };
    const [group] = groupParameters(
      [{ value: bufferOf(length), gradient: bufferOf(length), length }],
      roomy,
      2,
    );
    const blocks = blocksOf(group as NonNullable<typeof group>, 2, 10);
    expect(blockCount(blocks)).toBe(3);
    const rows = [0, 1, 2].map((row) => Array.from(blocks.subarray(row * 6, row * 6 + 6)));
    expect(rows.map(([, valueOffset, , slot, count, id]) => [valueOffset, slot, count, id])).toEqual([
      [0, 0, 1024, 10],
      [1024, 2048, 1024, 11],
      [2048, 4096, 5, 12],
    ]);
  });
});
