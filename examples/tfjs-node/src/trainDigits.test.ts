import { random } from '@clr/datasets';
import { expect, it, vi } from 'vitest';
import { trainDigits } from './trainDigits.ts';

it('the example finds its rates, trains, saves, resumes and reaches 90 %', async () => {
  // model.fit shuffles by Math.random. Seeded, the accuracy is the same in every run.
  vi.spyOn(Math, 'random').mockImplementation(random(1506));
  const lines: string[] = [];
  const outcome = await trainDigits({ images: 4000, epochs: 4 }, (line) => lines.push(line));
  expect(outcome.baseLr).toBeLessThan(outcome.maxLr);
  expect(outcome.clr).toBeGreaterThan(0.9);
  // Because policy and momentum continued after the resume, the last epoch ends next to a trough, with a high momentum.
  const epochs = lines.filter((line) => line.includes('momentum'));
  expect(epochs).toHaveLength(4);
  expect(epochs[3]).toMatch(/momentum 0\.9(49|50)/);
});
