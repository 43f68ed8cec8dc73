import * as tf from '@tensorflow/tfjs';

/** A small convnet, compiled. */
export function makeModel(): tf.LayersModel {
  const model = tf.sequential({
    layers: [
      tf.layers.conv2d({
        filters: 8,
        kernelSize: 5,
        strides: 2,
        activation: 'relu',
        inputShape: [28, 28, 1],
      }),
      tf.layers.conv2d({ filters: 16, kernelSize: 3, strides: 2, activation: 'relu' }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 10, activation: 'softmax' }),
    ],
  });
  return compile(model);
}

/** Compiles a model. A model from storage needs this, too, because storage does not keep the compilation. */
export function compile<Model extends tf.LayersModel>(model: Model): Model {
  model.compile({
    optimizer: tf.train.momentum(0.01, 0.9),
    loss: 'categoricalCrossentropy',
    metrics: ['accuracy'],
  });
  return model;
}
