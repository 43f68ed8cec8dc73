import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encode } from 'fast-png';

/** For each shape of radius 1 around the origin, whether a point is inside. */
const shapes: Readonly<Record<string, (x: number, y: number) => boolean>> = {
  circle: (x, y) => x * x + y * y < 1,
  cross: (x, y) => Math.min(Math.abs(x), Math.abs(y)) < 0.2 && Math.max(Math.abs(x), Math.abs(y)) < 1,
  line: (x, y) => Math.abs(x - y) < 0.3 && Math.abs(x) < 1,
  square: (x, y) => Math.max(Math.abs(x), Math.abs(y)) < 1,
  triangle: (x, y) => y < 1 && y > -1 && Math.abs(x) < (y + 1) / 2,
};

/** Pseudo-random numbers in [0, 1). */
export const noise = (seed: number): number => {
  const value = Math.sin(seed * 12.9898) * 43758.5453;
  return value - Math.floor(value);
};

/** Writes `each` pictures of each of five shapes, 24 × 24 pixels, in varying colours and positions. */
export async function writeShapes(folder: string, each: number): Promise<void> {
  const size = 24;
  for (const [kind, [name, inside]] of Object.entries(shapes).entries()) {
    await mkdir(join(folder, name), { recursive: true });
    for (let i = 0; i < each; i++) {
      const at = (what: number) => noise(kind * 1000 + i * 10 + what);
      const [x, y, radius] = [9 + 6 * at(0), 9 + 6 * at(1), 5 + 3 * at(2)];
      const data = new Uint8Array(size * size * 3);
      for (let pixel = 0; pixel < size * size; pixel++) {
        const filled = inside(((pixel % size) - x) / radius, (Math.floor(pixel / size) - y) / radius);
        for (let c = 0; c < 3; c++) data[pixel * 3 + c] = (filled ? 140 : 20) + 90 * at(3 + c);
      }
      await writeFile(
        join(folder, name, `${i}.png`),
        encode({ width: size, height: size, channels: 3, depth: 8, data }),
      );
    }
  }
}

/** A table with a text column, missing values, and two targets: a number, and whether it is high. */
export function tableText(rows: number): string {
  const lines = Array.from({ length: rows }, (_, i) => {
    const [a, b, c] = [noise(i), noise(i + 5000), Math.floor(3 * noise(i + 9000))];
    const price = 100 * a - 40 * b * b + [0, 15, 30][c]! + 4 * noise(i + 7000);
    return `${a.toFixed(4)},${i % 17 === 0 ? '' : b.toFixed(4)},${['Rome', 'Oslo', 'Bonn'][c]},${price.toFixed(2)},${price > 52 ? 'high' : 'low'}`;
  });
  return ['area,age,town,price,level', ...lines].join('\n');
}

/** A table whose target is linear in ten columns, with more noise than signal. */
export function noisyTableText(rows: number): string {
  const lines = Array.from({ length: rows }, (_, i) => {
    const inputs = Array.from({ length: 10 }, (_, j) => noise(i + 3000 * j));
    const signal = inputs.reduce((sum, value, j) => sum + (j % 2 ? -value : value), 0);
    return [...inputs, signal + 4.5 * noise(i + 50_000)].map((value) => value.toFixed(4)).join();
  });
  return ['a,b,c,d,e,f,g,h,i,j,answer', ...lines].join('\n');
}
