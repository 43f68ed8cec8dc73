import type * as tfjs from '@tensorflow/tfjs';

/** A tensor's name, shape, type and values, on the host: plain data. */
export interface TensorData {
  /** The tensor's name. */
  readonly name: string;
  /** The sizes of its axes. */
  readonly shape: readonly number[];
  /** The type of its numbers. */
  readonly dtype: 'float32' | 'int32' | 'bool';
  /** Its numbers in row-major order. */
  readonly values: Float32Array | Int32Array | Uint8Array;
}

/** Copies named tensors to the host. */
export function readTensors(
  tensors: readonly { readonly name: string; readonly tensor: tfjs.Tensor }[],
): Promise<TensorData[]> {
  return Promise.all(
    tensors.map(async ({ name, tensor }) => {
      const values = (await tensor.data()) as TensorData['values'];
      // On the CPU backend data() hands out the live buffer.
      return {
        name,
        shape: [...tensor.shape],
        dtype: tensor.dtype as TensorData['dtype'],
        values: values.slice(),
      };
    }),
  );
}

/** Makes a tensor with a copy of the values. */
export function toTensor(tf: Pick<typeof tfjs, 'tensor'>, { values, shape, dtype }: TensorData): tfjs.Tensor {
  return tf.tensor(values.slice(), [...shape], dtype);
}
