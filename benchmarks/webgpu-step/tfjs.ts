import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-webgpu';
import { type Contestant, images, type LayerSpec, labels, type NetSpec } from './nets.ts';

function layersOf(layer: LayerSpec, index: number, all: readonly LayerSpec[]): tf.layers.Layer[] {
  switch (layer.type) {
    case 'conv':
      return [
        tf.layers.conv2d({
          filters: layer.filters,
          kernelSize: 5,
          padding: layer.padding ? 'same' : 'valid',
        }),
      ];
    case 'relu':
      return [tf.layers.reLU()];
    case 'dense':
      return [
        ...(all.slice(0, index).some(({ type }) => type === 'dense') ? [] : [tf.layers.flatten()]),
        tf.layers.dense({ units: layer.units }),
      ];
    case 'maxPool':
      return [tf.layers.maxPooling2d({ poolSize: layer.size, strides: 2, padding: 'same' })];
    case 'avgPool':
      return [tf.layers.averagePooling2d({ poolSize: layer.size, strides: 2, padding: 'same' })];
  }
}

/** A net in TensorFlow.js on its WebGPU backend, with data on the device and one readback after all steps. */
export async function tfjs(net: NetSpec): Promise<Contestant> {
  await tf.setBackend('webgpu');
  await tf.ready();
  const input = tf.input({ shape: [...net.input] });
  const output = net.layers
    .flatMap(layersOf)
    .reduce<tf.SymbolicTensor>((tensor, layer) => layer.apply(tensor) as tf.SymbolicTensor, input);
  const model = tf.model({ inputs: input, outputs: output });
  const x = tf.tensor4d(images(net), [net.batch, ...net.input]);
  const y = tf.oneHot(tf.tensor1d(labels(net), 'int32'), 10).toFloat();
  const optimizer = tf.train.momentum(0.001, 0.9);
  const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
  const step = (): tf.Scalar =>
    tf.tidy(
      () =>
        optimizer.minimize(
          () =>
            tf.losses.softmaxCrossEntropy(y, model.apply(x, { training: true }) as tf.Tensor) as tf.Scalar,
          true,
          variables,
        ) as tf.Scalar,
    );
  const take = (steps: number): tf.Scalar => {
    for (let index = 1; index < steps; index++) step().dispose();
    return step();
  };
  const finish = async (loss: tf.Scalar): Promise<void> => {
    await loss.data();
    loss.dispose();
  };
  return {
    run: (steps) => finish(take(steps)),
    async host(steps) {
      const began = performance.now();
      const loss = take(steps);
      const spent = performance.now() - began;
      await finish(loss);
      return (spent * 1000) / steps;
    },
    dispose: () => tf.disposeVariables(),
  };
}
