import type { Provider } from '../lower/target.ts';
import type { InferenceSession } from './ort.ts';

/** The provider that session options put first (the CPU's without any), as far as it makes a difference here. */
export function providerOf({ executionProviders }: InferenceSession.SessionOptions): Provider {
  const first = executionProviders?.[0] ?? 'cpu';
  const name = typeof first === 'object' ? first.name : first;
  if (name === 'webgpu') return 'webgpu';
  return name === 'cpu' || name === 'wasm' ? 'cpu' : 'any';
}
