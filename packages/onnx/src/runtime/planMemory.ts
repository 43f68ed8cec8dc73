import type { TrainingModel } from '../training/trainingModel.ts';
import type { InferenceSession } from './ort.ts';
import { providerOf } from './provider.ts';

/** A step whose values have at least this many elements in total takes long compared with allocating memory. */
const large = 1 << 20;

/** The batch size to assume if it is unknown. `elements` then counts the elements for one example. */
const examples = 32;

/**
 * Disables ONNX Runtime's memory plan for steps that are not small. The runtime plans a step's memory in the first
 * run and keeps that memory. This saves a few microseconds per node, but takes up to twice the memory. Measured
 * without the plan:
 *
 * - CIFAR's quick net with 100 images takes 262 MiB instead of 337 MiB, and the same time.
 * - LeNet with 64 images takes 183 MiB instead of 194 MiB, and the same time.
 * - A net of 20 numbers would take 4 % more time, so it keeps the plan.
 *
 * @param largeState - whether the state's vectors are so large that they are updated in parts
 */
export function planMemory(
  session: InferenceSession.SessionOptions,
  { elements, data }: Pick<TrainingModel, 'elements' | 'data'>,
  largeState = false,
): InferenceSession.SessionOptions {
  const batch = data[0]?.dims?.[0];
  const all = typeof batch === 'number' ? elements : elements * examples;
  if (providerOf(session) !== 'cpu' || (all < large && !largeState)) return session;
  // The arena keeps the memory of one run even if another session needs it.
  return { enableMemPattern: false, ...(largeState ? { enableCpuMemArena: false } : {}), ...session };
}
