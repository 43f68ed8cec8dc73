import type * as tfjs from '@tensorflow/tfjs';

/** Returns a promise of a scalar's value. The scalar is freed once its value has been read. */
export async function lateScalar(scalar: tfjs.Tensor): Promise<number> {
  try {
    return (await scalar.data())[0] ?? Number.NaN;
  } finally {
    scalar.dispose();
  }
}
