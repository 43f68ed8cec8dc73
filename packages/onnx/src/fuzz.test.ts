import { sgd } from '@clr/core';
import * as ort from 'onnxruntime-node';
import { expect, it } from 'vitest';
import { fuzzCase } from '../test/fuzz.ts';
import { fuzzSources } from '../test/fuzzSources.ts';
import { createTrainer } from './index.ts';

it('accepts each of 2,000 damaged and hostile models, or refuses it with a clear error', async () => {
  const sources = fuzzSources();
  const endings = { refused: 0, built: 0, trained: 0 };
  for (let seed = 0; seed < 2000; seed++) {
    const { ending } = await fuzzCase(sources[seed % sources.length]!, seed, false);
    endings[ending] += 1;
  }
  console.log(endings);
  expect(endings.refused).toBeGreaterThan(1000);
  expect(endings.built).toBeGreaterThan(200);
});

it('trains each of 300 damaged and hostile models, or refuses it with a clear error', async () => {
  const sources = fuzzSources();
  await createTrainer(ort, sources[0]!.bytes, { loss: 'crossEntropy', optimizer: sgd() }); // loads the runtime
  for (let seed = 0; seed < 300; seed++) {
    await fuzzCase(sources[seed % sources.length]!, seed, true);
  }
});
