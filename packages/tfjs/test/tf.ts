/** tfjs, on the backend that the test run names: the same tests run on each. */
import * as tf from '@tensorflow/tfjs';
import { inject } from 'vitest';
import type { Oracle } from './oracle.ts';

declare module 'vitest' {
  interface ProvidedContext {
    backend: 'cpu' | 'wasm' | 'webgl' | 'webgpu';
    /** `null` where it is not at hand. */
    oracle: Oracle | null;
  }
}

export const backend: 'cpu' | 'wasm' | 'webgl' | 'webgpu' = inject('backend');

if (backend === 'wasm') await import('@tensorflow/tfjs-backend-wasm');
if (backend === 'webgpu') await import('@tensorflow/tfjs-backend-webgpu');
if (!(await tf.setBackend(backend))) throw new Error(`tfjs cannot start its backend ${backend} here`);
await tf.ready();

export { tf };
