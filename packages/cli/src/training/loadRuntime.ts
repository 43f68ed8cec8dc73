import type * as Bullmq from '@clr/bullmq';
import type * as Onnx from '@clr/onnx';
import type * as Ort from 'onnxruntime-node';
import { unusable } from '../errors.ts';

/** The packages that only the commands for models need. */
export interface Runtime {
  readonly onnx: typeof Onnx;
  readonly ort: typeof Ort;
}

/** Loads both packages, or throws an error that says what to install. */
export async function loadRuntime(): Promise<Runtime> {
  return { onnx: await loadOnnx(), ort: await needed('onnxruntime-node', () => import('onnxruntime-node')) };
}

/** Loads the package that reads and builds models, which needs no runtime. */
export const loadOnnx = (): Promise<typeof Onnx> => needed('@clr/onnx', () => import('@clr/onnx'));

/** Loads the package that shares jobs between machines. */
export const loadQueue = (): Promise<typeof Bullmq> =>
  needed('@clr/bullmq', () => import('@clr/bullmq'), 'Install it: npm install @clr/bullmq');

async function needed<T>(
  name: string,
  load: () => Promise<T>,
  advice = 'Install both: npm install @clr/onnx onnxruntime-node',
): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw unusable(
      {
        expected: `the package ${name}, which this command needs`,
        received: code === 'ERR_MODULE_NOT_FOUND' ? 'none installed' : message,
        advice: `${advice} (with --global, if clr is installed globally).`,
      },
      { cause },
    );
  }
}
