import type { Optimizer } from '@clr/core';
import { createTrainer as createOnnxTrainer } from '@clr/onnx';
import { createTrainer, type GpuTrainer, hwioFromOihw, inOutFromOutIn, type Network } from '@clr/webgpu';
import * as ort from 'onnxruntime-node';

/** A tensor of `@clr/onnx`. */
interface OnnxTensor {
  readonly dims: readonly number[];
  readonly data: ArrayLike<number>;
}

/**
 * Converts the weights of an ONNX file to the names and layouts of a `@clr/webgpu` network. The two nets must have the
 * same layers in the same order.
 *
 * @param flattened - the shape `[channels, rows, columns]` of the first dense layer's input, if this input is an image
 */
export function namedWeights(
  tensors: Iterable<OnnxTensor>,
  network: Network,
  flattened?: readonly [number, number, number],
): [string, ArrayLike<number>][] {
  let firstDense = true;
  const list = [...tensors];
  return network.parameters.map(({ name }, index): [string, ArrayLike<number>] => {
    const { dims, data } = list[index] as OnnxTensor;
    if (dims.length === 4)
      return [name, hwioFromOihw(data, dims as unknown as [number, number, number, number])];
    if (dims.length === 2) {
      const from = firstDense ? flattened : undefined;
      firstDense = false;
      return [name, inOutFromOutIn(data, dims as unknown as [number, number], from)];
    }
    return [name, data];
  });
}

/** A trainer on the GPU that starts from the weights in an ONNX file. */
export async function trainerFromOnnx(
  device: GPUDevice,
  file: string,
  network: Network,
  options: {
    readonly optimizer: Optimizer;
    readonly batch: number;
    readonly flattened?: readonly [number, number, number];
  },
): Promise<GpuTrainer> {
  const { optimizer } = options;
  const onnx = await createOnnxTrainer(ort, file, { loss: 'crossEntropy', optimizer });
  const trainer = await createTrainer(device, network, { optimizer, batch: options.batch });
  trainer.setParameters(namedWeights((await onnx.parameters()).values(), network, options.flattened));
  await onnx.dispose();
  return trainer;
}
