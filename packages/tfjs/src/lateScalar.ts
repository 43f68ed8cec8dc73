import type * as tfjs from '@tensorflow/tfjs';

/** The number in a scalar that stays on the device until it is computed; the tensor is freed then. */
export async function lateScalar(scalar: tfjs.Tensor): Promise<number> {
  try {
    return (await scalar.data())[0] ?? Number.NaN;
  } finally {
    scalar.dispose();
  }
}
