import type { TrainingModel } from '../training/trainingModel.ts';
import type { InferenceSession } from './ort.ts';
import { providerOf } from './provider.ts';

/** From here on (elements of a step's values for one example) a step is long against asking for memory. */
const large = 1 << 19;

/**
 * ONNX Runtime plans a step's memory at its first run and keeps that run's beside it: a few microseconds for each
 * node saved, at up to twice the memory. Where values are large the first is nothing: CIFAR's quick net, 100
 * images, takes 262 MiB instead of 337 and as long as before, LeNet 172 instead of 191 in 1 % more, a net of 20 numbers in 4 % more.
 *
 * @param largeState - whether the vectors of the state are so large that they are given out in parts
 */
export function planMemory(
  session: InferenceSession.SessionOptions,
  { elements, data }: Pick<TrainingModel, 'elements' | 'data'>,
  largeState = false,
): InferenceSession.SessionOptions {
  const batch = data[0]?.dims?.[0];
  const each = typeof batch === 'number' && batch > 0 ? elements / batch : elements;
  if (providerOf(session) !== 'cpu' || (each < large && !largeState)) return session;
  // The arena keeps what one run took, also when another session needs it.
  return { enableMemPattern: false, ...(largeState ? { enableCpuMemArena: false } : {}), ...session };
}
