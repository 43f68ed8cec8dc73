import * as ort from 'onnxruntime-node';
import { copyModel } from '../src/runtime/copyModel.ts';

/** Session options of onnxruntime-node's WebGPU provider. */
export const webgpu: ort.InferenceSession.SessionOptions = {
  executionProviders: ['webgpu'],
  logSeverityLevel: 3,
};

const probe = { input: 'x', double: false, length: 1 };

/** The reason why the provider does not start here; `undefined` if it does. */
export async function obstacle(): Promise<string | undefined> {
  try {
    await (await ort.InferenceSession.create(copyModel([probe]), webgpu)).release();
    return undefined;
  } catch (error) {
    return String(error);
  }
}
