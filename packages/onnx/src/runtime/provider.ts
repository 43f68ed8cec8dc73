import type { Provider } from '../graph/graphBuilder.ts';
import type { InferenceSession } from './ort.ts';

/** The provider that session options put first, as far as it makes a difference here. */
export function providerOf({ executionProviders }: InferenceSession.SessionOptions): Provider {
  const first = executionProviders?.[0];
  return (typeof first === 'object' ? first.name : first) === 'webgpu' ? 'webgpu' : 'cpu';
}
