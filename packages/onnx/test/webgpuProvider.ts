import * as ort from 'onnxruntime-node';
import { copyModel } from '../src/runtime/copyModel.ts';
import type { StateTensor } from '../src/training/trainingModel.ts';

/** Session options of onnxruntime-node's WebGPU provider. */
export const webgpu: ort.InferenceSession.SessionOptions = {
  executionProviders: ['webgpu'],
  logSeverityLevel: 3,
};

const probe: StateTensor = { role: '', input: 'x', parts: [], initial: new Float32Array(1) };

/** Why the provider does not start here; `undefined` when it does. */
export async function obstacle(): Promise<string | undefined> {
  try {
    await (await ort.InferenceSession.create(copyModel([probe]), webgpu)).release();
    return undefined;
  } catch (error) {
    return String(error);
  }
}
