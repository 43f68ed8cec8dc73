import { adam } from '@clr/core';
import { createTrainer } from '@clr/onnx';
import * as ort from 'onnxruntime-node';

/** The work of a process: two inferences of the bare runtime, or two training steps. */
export type Work = 'bare' | 'all' | 'head';

/** The peak memory of this process in MiB. */
const peak = (): number => process.resourceUsage().maxRSS / 1024;

const image = new ort.Tensor('float32', new Float32Array(3 * 224 * 224), [1, 3, 224, 224]);
const target = new ort.Tensor('int64', BigInt64Array.of(3n), [1]);

/** The peak after creation and after two runs, in MiB, and the time of a third run in milliseconds. */
async function measure(work: Work, path: string): Promise<[number, number, number]> {
  const session = { intraOpNumThreads: 2, logSeverityLevel: 3 } as const;
  let run: () => Promise<unknown>;
  if (work === 'bare') {
    const bare = await ort.InferenceSession.create(path, session);
    run = () => bare.run({ image });
  } else {
    const trainer = await createTrainer(ort, path, {
      loss: 'crossEntropy',
      optimizer: adam(),
      deterministic: true,
      session,
      ...(work === 'head' ? { trainable: (name: string) => name.startsWith('heads.') } : {}),
    });
    run = () => trainer.trainStep({ image, target }, { lr: 1e-4 });
  }
  const created = peak();
  await run();
  await run();
  const reached = peak();
  const started = performance.now();
  await run();
  return [created, reached, performance.now() - started];
}

const [work = 'bare', path = ''] = process.argv.slice(2);
console.log((await measure(work as Work, path)).map(Math.round).join(' '));
