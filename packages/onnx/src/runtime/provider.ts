import type { Provider } from '../lower/target.ts';
import type { InferenceSession } from './ort.ts';

/**
 * The kind of the first execution provider in the session options, as far as clr distinguishes it. Default: the CPU.
 */
export function providerOf({ executionProviders }: InferenceSession.SessionOptions): Provider {
  const first = executionProviders?.[0] ?? 'cpu';
  const name = typeof first === 'object' ? first.name : first;
  if (name === 'webgpu') return 'webgpu';
  return name === 'cpu' || name === 'wasm' ? 'cpu' : 'any';
}
