import type { Content } from '../format/content.ts';
import type { BuildOptions } from '../training/options.ts';
import { scalesOf } from '../training/plan.ts';
import type { TrainingModel } from '../training/trainingModel.ts';
import type { Ort } from './ort.ts';

/** Everything that must be the same on two processes that train one model, by name. Batches are not included. */
export function identityOf(
  ort: Ort,
  { bytes, parts }: Content,
  { optimizer, loss, output, clipNorm, hyperparameters, groups }: BuildOptions,
  { state }: TrainingModel,
): Readonly<Record<string, string | Uint8Array>> {
  const trained = state.flatMap(({ role, parts }) => (role === 'parameters' ? parts : []));
  return {
    'the model': bytes,
    ...Object.fromEntries([...parts].map(([key, part]) => [`the model's data ${key}`, part])),
    'the optimizer': JSON.stringify(optimizer),
    'the loss': JSON.stringify([loss, output]),
    'the trained parameters': JSON.stringify(trained.map(({ name }) => [name, scalesOf(groups)(name)])),
    'clipping or hyperparameters': JSON.stringify([clipNorm, hyperparameters]),
    'the layout of the state': JSON.stringify(state.map(({ role, input, parts }) => [role, input, parts])),
    'the version of ONNX Runtime': JSON.stringify(ort.env?.versions),
  };
}
