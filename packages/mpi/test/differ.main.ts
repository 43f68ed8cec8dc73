// Runs on every rank. Rank 1 uses another model, then another optimizer, then another version of ONNX Runtime. Prints
// the error of each rank.
import { adam, sgd } from '@clr/core';
import { buildModel, createTrainer } from '@clr/onnx';
import * as ort from 'onnxruntime-node';
import { mpi } from '../src/index.ts';

const reduce = mpi();
for (const what of ['model', 'optimizer', 'library']) {
  const isOther = (thing: string): boolean => reduce.rank === 1 && thing === what;
  const runtime = isOther('library') ? { ...ort, env: { ...ort.env, versions: { common: '0.0.1' } } } : ort;
  const seed = isOther('model') ? 1 : 0;
  const model = buildModel({ input: [4], layers: [{ type: 'dense', units: 3 }], seed });
  const optimizer = isOther('optimizer') ? adam() : sgd();
  try {
    await createTrainer(runtime as typeof ort, model, { loss: 'crossEntropy', optimizer, reduce });
    console.log('went on');
  } catch (error) {
    console.log(`rank ${reduce.rank}: ${(error as Error).message.split('\n')[1]}`);
    process.exitCode = 3;
  }
}
