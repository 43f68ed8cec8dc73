import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { abortOnInterrupt, fileStore } from '@clr/checkpoint/node';
import { decay, sgd, train } from '@clr/core';
import { mnist } from '@clr/datasets';
import { mpi } from '@clr/mpi';
import { createTrainer } from '@clr/onnx';
import * as ort from 'onnxruntime-node';
import { testShare, trainingShares } from './batches.ts';

// mpirun starts this program once for each rank. Without mpirun it is a single process.
const { values } = parseArgs({
  options: {
    steps: { type: 'string', default: '600' },
    images: { type: 'string', default: '60000' },
    checkpoint: { type: 'string', default: 'lenet-mpi.safetensors' },
    out: { type: 'string', default: 'lenet-mpi.onnx' },
  },
});
const steps = Number(values.steps);

const { signal } = abortOnInterrupt();
const reduce = mpi({ signal });
const first = reduce.rank === 0;
const say = (line: string): void => {
  if (first) console.log(line);
};
say(`${reduce.size} ranks, ${reduce.library.kind}`);

const data = await mnist();
const trainer = await createTrainer(
  ort,
  fileURLToPath(new URL('../../onnx-node/lenet.onnx', import.meta.url)),
  {
    loss: 'crossEntropy',
    optimizer: sgd({ momentum: 0.9 }),
    // One thread per rank, because there is one rank per core.
    session: { intraOpNumThreads: 1, logSeverityLevel: 3 },
    reduce,
  },
);

// All ranks read the checkpoint, and the first rank writes it. `restore` gives the first rank's state to all ranks.
const store = fileStore(values.checkpoint);
const from = await store.load();
if (from) say(`continuing from step ${from.step}`);

const run = await train(trainer, trainingShares(data, Number(values.images), reduce), {
  policy: decay({ maxLr: 0.03, steps }),
  steps,
  evaluate: testShare(data, reduce),
  // Stops all ranks after the same step, no matter which rank gets the signal.
  signal: reduce.signal,
  ...(from && { from }),
  checkpoint: { every: { steps: 20 }, save: (checkpoint) => (first ? store.save(checkpoint) : undefined) },
  onStep({ step, loss }) {
    if ((step + 1) % 20 === 0) say(`step ${step + 1}/${steps}  loss ${loss?.toFixed(4)}`);
  },
});

if (run.stopped)
  say(`stopped after ${run.step} steps (${run.stopped.reason}); the same command continues from there`);
else {
  say(`accuracy on the test images: ${(100 * (run.final?.accuracy ?? 0)).toFixed(2)} %`);
  const model = await trainer.exportModel();
  if (first) await writeFile(values.out, model);
}
await trainer.dispose();
