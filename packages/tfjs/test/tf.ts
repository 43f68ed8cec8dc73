/** tfjs on the backend of this test run. The same tests run on each backend. */
import * as tf from '@tensorflow/tfjs';
import { inject } from 'vitest';

declare module 'vitest' {
  interface ProvidedContext {
    backend: 'cpu' | 'wasm' | 'webgl' | 'webgpu';
  }
}

export const backend: 'cpu' | 'wasm' | 'webgl' | 'webgpu' = inject('backend');

// Without a browser, tests of browser backends are listed as skipped.
const listed = (backend === 'webgl' || backend === 'webgpu') && !('document' in globalThis);
if (backend === 'wasm') await import('@tensorflow/tfjs-backend-wasm');
if (backend === 'webgpu' && !listed) await import('@tensorflow/tfjs-backend-webgpu');
if (!listed && !(await tf.setBackend(backend))) {
  throw new Error(`tfjs cannot start its backend ${backend} here`);
}
await tf.ready();

export { tf };
