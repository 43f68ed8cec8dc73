import type { Provider } from '../lower/target.ts';
import type { InferenceSession } from './ort.ts';

/**
 * The first execution provider in the session options, reduced to the cases that are distinguished. Default: the CPU's.
 */
export function providerOf({ executionProviders }: InferenceSession.SessionOptions): Provider {
  const first = executionProviders?.[0] ?? 'cpu';
  const name = typeof first === 'object' ? first.name : first;
  if (name === 'webgpu') return 'webgpu';
  return name === 'cpu' || name === 'wasm' ? 'cpu' : 'any';
}
