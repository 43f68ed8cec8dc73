import { describe, expect, it } from 'vitest';
import { mnist } from './mnist.ts';

describe('mnist', async () => {
  const data = await mnist();

  it('has the published sizes', () => {
    expect([data.train.count, data.test.count]).toEqual([60_000, 10_000]);
    expect(data.train.images).toHaveLength(60_000 * 28 * 28);
    expect(data.test.labels).toHaveLength(10_000);
  });

  it('begins with MNIST’s well-known first digits', () => {
    expect([...data.train.labels.slice(0, 10)]).toEqual([5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
    expect([...data.test.labels.slice(0, 10)]).toEqual([7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);
  });

  it('has the published number of examples of each class', () => {
    const counts = Array.from({ length: 10 }, () => 0);
    for (const label of data.train.labels) counts[label]!++;
    expect(counts).toEqual([5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
  });

  it('has the stated mean and standard deviation', () => {
    let sum = 0;
    let squares = 0;
    for (const byte of data.train.images) {
      sum += byte / 255;
      squares += (byte / 255) ** 2;
    }
    const mean = sum / data.train.images.length;
    expect(mean).toBeCloseTo(data.mean[0]!, 4);
    expect(Math.sqrt(squares / data.train.images.length - mean ** 2)).toBeCloseTo(data.std[0]!, 4);
  });

  it('pairs every image with its label', () => {
    // The nearest class mean classifies about 82 % of the test digits correctly. Guessing classifies 10 %.
    const means = Array.from({ length: 10 }, () => new Float64Array(784));
    data.train.labels.forEach((label, image) => {
      for (let p = 0; p < 784; p++) means[label]![p]! += data.train.images[image * 784 + p]! / 5900;
    });
    let right = 0;
    for (let image = 0; image < 500; image++) {
      const distances = means.map((mean) =>
        mean.reduce((sum, value, p) => sum + (value - data.test.images[image * 784 + p]!) ** 2, 0),
      );
      right += Number(distances.indexOf(Math.min(...distances)) === data.test.labels[image]);
    }
    expect(right).toBeGreaterThan(350);
  });
});
