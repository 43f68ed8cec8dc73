import type { TrainingModel } from '../training/trainingModel.ts';
import type { InferenceSession } from './ort.ts';
import { providerOf } from './provider.ts';

/** From this size on (elements of a step's values for one example), a step takes long compared with allocating memory. */
const large = 1 << 19;

/**
 * Disables ONNX Runtime's memory plan for large models. The runtime plans a step's memory in its first run and keeps
 * that memory. This saves a few microseconds per node, but takes up to twice the memory. For large values the saved
 * time does not matter. Measured without the plan: CIFAR's quick net with 100 images takes 262 MiB instead of 337 and
 * the same time; LeNet takes 172 MiB instead of 191 and 1 % more time; a net of 20 numbers takes 4 % more time.
 *
 * @param largeState - whether the state's vectors are so large that they are updated in parts
 */
export function planMemory(
  session: InferenceSession.SessionOptions,
  { elements, data }: Pick<TrainingModel, 'elements' | 'data'>,
  largeState = false,
): InferenceSession.SessionOptions {
  const batch = data[0]?.dims?.[0];
  const each = typeof batch === 'number' && batch > 0 ? elements / batch : elements;
  if (providerOf(session) !== 'cpu' || (each < large && !largeState)) return session;
  // The arena keeps the memory of one run even if another session needs it.
  return { enableMemPattern: false, ...(largeState ? { enableCpuMemArena: false } : {}), ...session };
}
