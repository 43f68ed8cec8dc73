import type * as ort from 'onnxruntime-node';
import type { FuzzSource } from './fuzz.ts';
import { oracleModel } from './oracle.ts';
import { smallBatch, smallModel } from './smallModel.ts';

/** The models to mutate: a small one, and the models trained by PyTorch that do not consist mostly of weights. */
export function fuzzSources(): FuzzSource[] {
  const small = { name: 'small', bytes: smallModel(), loss: 'crossEntropy' as const, batch: smallBatch(0) };
  const names = ['mlp', 'regressor', 'bn-frozen', 'encoder', 'resnet-mini'];
  return [
    small,
    ...names.map((name) => {
      const { bytes, loss, batches } = oracleModel(name);
      return { name, bytes, loss, batch: batches[0] as Record<string, ort.Tensor> };
    }),
  ];
}
