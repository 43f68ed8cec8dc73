import type * as tfjs from '@tensorflow/tfjs';

/** A promise of a scalar's value. The scalar stays on the device until it is computed, and is freed then. */
export async function lateScalar(scalar: tfjs.Tensor): Promise<number> {
  try {
    return (await scalar.data())[0] ?? Number.NaN;
  } finally {
    scalar.dispose();
  }
}
