import { cifar10, type Dataset, mnist, random } from '@clr/datasets';
import { type Examples, normalFrom, sequence, smallImages, tabular, waves } from '../range-test/data.ts';
import { readTable } from './tables.ts';
import { characters, nextCharacter } from './text.ts';

/** The name of a data set. */
export type DataName =
  | 'teacher'
  | 'noisy-teacher'
  | 'mnist'
  | 'mnist-0-4'
  | 'mnist-5-9'
  | 'cifar'
  | 'sequence'
  | 'api-text'
  | 'waves'
  | 'regions'
  | 'node-text'
  | 'letters'
  | 'satellite'
  | 'spam'
  | 'digits'
  | 'topics'
  | 'dna'
  | 'diamonds'
  | 'news'
  | 'perl';

/** Training, validation and test data. Choices are made on validation data only. */
export interface Problem {
  readonly train: Examples;
  readonly validation: Examples;
  readonly test: Examples;
  /** The shapes of one example's input and target. */
  readonly shape: readonly number[];
  readonly targetShape: readonly number[];
}

const loaded = new Map<DataName, Promise<Problem>>();

/** Loads or makes a problem. It is the same in every process, and kept in memory. */
export function loadProblem(name: DataName): Promise<Problem> {
  const problem = loaded.get(name) ?? make(name);
  loaded.set(name, problem);
  return problem;
}

async function make(name: DataName): Promise<Problem> {
  switch (name) {
    case 'teacher':
      return parts(tabular([20_000, 2000, 6000], 0), [20]);
    case 'noisy-teacher':
      return parts(tabular([20_000, 2000, 6000]), [20]);
    case 'mnist':
      return digits(() => true);
    case 'mnist-0-4':
      return digits((label) => label < 5);
    case 'mnist-5-9':
      return digits((label) => label >= 5);
    case 'cifar': {
      const data = await cifar10();
      const train = [0, 40_000, 42_000];
      return parts(
        [
          smallImages(data, data.train, 2, train[0]!, train[1]!),
          smallImages(data, data.train, 2, train[1]!, train[2]!),
          smallImages(data, data.test, 2, 0, 8000),
        ],
        [3, 16, 16],
      );
    }
    case 'sequence':
      return parts(sequence([20_000, 2000, 6000]), [16]);
    case 'waves':
      return parts(waves([20_000, 2000, 6000], 0.3), [1, 64]);
    case 'regions':
      return parts(regions([20_000, 2000, 6000]), [8]);
    case 'api-text':
      return parts(await characters(['playwright', 'playwright-core'], 'types/types.d.ts', 24), [24], [24]);
    case 'node-text':
      return parts(await characters(['@types/node'], 'fs.d.ts', 24), [24], [24]);
    case 'letters':
      return parts(await readTable(name, [12_000, 2000, 6000]), [16]);
    case 'satellite':
      return parts(await readTable(name, [3400, 1000, 2035]), [36]);
    case 'spam':
      return parts(await readTable(name, [2300, 800, 1501]), [57]);
    case 'digits':
      return parts(await readTable(name, [900, 300, 597]), [1, 8, 8]);
    case 'dna':
      return parts(await readTable(name, [1600, 500, 1086]), [180]);
    case 'diamonds':
      return parts(await readTable(name, [20_000, 2000, 8000]), [9]);
    case 'topics':
    case 'news':
    case 'perl':
      return parts(await nextCharacter(name, [20_000, 3000, 10_000], 16), [16]);
  }
}

function parts(
  [train, validation, test]: readonly Examples[],
  shape: readonly number[],
  targetShape: readonly number[] = [],
): Problem {
  return { train: train!, validation: validation!, test: test!, shape, targetShape };
}

/** MNIST reduced to means of 2 × 2 pixels. A subset of five digits is numbered from 0. */
async function digits(keeps: (label: number) => boolean): Promise<Problem> {
  const data = await mnist();
  const split = (of: Dataset['train'], from: number, to: number): Examples =>
    only(smallImages(data, of, 2, from, to), 196, keeps);
  return parts(
    [split(data.train, 0, 20_000), split(data.train, 50_000, 52_000), split(data.test, 0, 10_000)],
    [1, 14, 14],
  );
}

function only(examples: Examples, size: number, keeps: (label: number) => boolean): Examples {
  const kept = [...examples.labels.keys()].filter((i) => keeps(examples.labels[i]!));
  if (kept.length === examples.count) return examples;
  const inputs = new Float32Array(kept.length * size);
  kept.forEach((from, to) => {
    inputs.set((examples.inputs as Float32Array).subarray(from * size, (from + 1) * size), to * size);
  });
  return { inputs, labels: Uint8Array.from(kept, (i) => examples.labels[i]! % 5), count: kept.length };
}

/**
 * Examples of eight numbers from [−1, 1). Each of sixty random points has one of five classes. An example has the class
 * of the nearest point.
 */
function regions(counts: readonly number[]): Examples[] {
  const next = random(53);
  const normal = normalFrom(next);
  const [features, points, classes] = [8, 60, 5];
  const centres = Float64Array.from({ length: points * features }, () => 0.6 * normal());
  return counts.map((count) => {
    const inputs = Float32Array.from({ length: count * features }, () => 2 * next() - 1);
    const labels = new Uint8Array(count);
    for (let i = 0; i < count; i++) {
      let nearest = Number.POSITIVE_INFINITY;
      for (let of = 0; of < points; of++) {
        let distance = 0;
        for (let k = 0; k < features; k++)
          distance += (inputs[i * features + k]! - centres[of * features + k]!) ** 2;
        if (distance < nearest) {
          nearest = distance;
          labels[i] = of % classes;
        }
      }
    }
    return { inputs, labels, count };
  });
}
