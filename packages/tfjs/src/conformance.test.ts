import { describeTrainable, type Subject, type TestModel, type Weights } from '@clr/conformance';
import { ClrError } from '@clr/core';
import { describe, it } from 'vitest';
import { backend, tf } from '../test/tf.ts';
import { createTrainable } from './createTrainable.ts';
import { disposeOptimizer } from './disposeOptimizer.ts';
import type { LayersBatch } from './layersTrainable.ts';

/** A batch of examples with two features and one target each. */
function batchOf(from: number, examples: number): { xs: Float32Array; ys: Float32Array } {
  return {
    xs: Float32Array.from({ length: examples * 2 }, (_, i) => Math.sin(from + i)),
    ys: Float32Array.from({ length: examples }, (_, i) => Math.cos(from + 2 * i)),
  };
}
const batches = [batchOf(0, 4), batchOf(9, 2), batchOf(17, 3), batchOf(29, 4)];
const liveResources = () => tf.memory().numTensors;

async function copies(tensors: readonly tf.Tensor[]): Promise<Weights> {
  const values = await Promise.all(tensors.map((tensor) => tensor.data()));
  return values.map((value) => Float32Array.from(value));
}

function layers(optimizer: tf.Optimizer): TestModel<LayersBatch> {
  const kernelInitializer = tf.initializers.glorotNormal({ seed: 7 });
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ units: 3, inputShape: [2], activation: 'relu', kernelInitializer }),
      tf.layers.dense({ units: 1, kernelInitializer }),
    ],
  });
  model.compile({ optimizer, loss: 'meanSquaredError', metrics: ['accuracy'] });
  return {
    trainable: createTrainable(tf, model),
    weights: () => copies(model.getWeights()),
    release() {
      model.dispose();
      disposeOptimizer(optimizer);
    },
  };
}

const model: Subject<LayersBatch> = {
  optional: ['average', 'predictBatch', 'constantAnswer'],
  blank: ({ xs, ys }) => ({ xs: new Float32Array((xs as Float32Array).length), ys }),
  create: () => layers(tf.train.sgd(1)),
  batches,
  size: ({ ys }) => (ys as Float32Array).length,
  badBatches: {
    'no targets': { xs: batches[0]!.xs },
    'part of an example': { ...batches[0], xs: new Float32Array(7) },
    'no examples': { xs: tf.zeros([0, 2]), ys: tf.zeros([0, 1]) },
    'a tensor of another shape': { ...batches[0], xs: tf.ones([4, 3]) },
  },
  liveResources,
};

interface Points {
  readonly xs: tf.Tensor2D;
  readonly ys: tf.Tensor2D;
}

function loop(optimizer: tf.Optimizer): TestModel<Points> {
  const variables = tf.tidy(() => [tf.tensor2d([0.5, -0.25], [2, 1]).variable(), tf.scalar(0.1).variable()]);
  const [weight, bias] = variables as [tf.Variable<tf.Rank.R2>, tf.Variable];
  // Only this function knows what its batches look like, so it must refuse others.
  const loss = (points: Points) => {
    if (points?.xs?.shape[1] !== 2) {
      throw new ClrError('points', {
        expected: 'xs of the shape [any, 2]',
        received: String(points?.xs?.shape),
        advice: 'Give two features for each point.',
      });
    }
    return points.xs.matMul(weight).add(bias).squaredDifference(points.ys).mean();
  };
  return {
    trainable: createTrainable(tf, { optimizer, variables, loss }),
    weights: () => copies(variables),
    release() {
      tf.dispose(variables);
      disposeOptimizer(optimizer);
    },
  };
}

const coreLoop: Subject<Points> = {
  optional: ['average'],
  create: () => loop(tf.train.sgd(1)),
  batches: batches.map(({ xs, ys }) => ({
    xs: tf.tensor2d(xs, [ys.length, 2]),
    ys: tf.tensor2d(ys, [ys.length, 1]),
  })),
  size: ({ ys }) => ys.shape[0],
  badBatches: {
    nothing: undefined,
    'inputs of another width': { xs: tf.ones([4, 3]), ys: tf.ones([4, 1]) },
  },
  liveResources,
};

const runner = { describe, it };
describeTrainable(`a LayersModel with sgd on ${backend}`, model, runner);
describeTrainable(
  `a LayersModel with momentum on ${backend}`,
  {
    ...model,
    create: () => layers(tf.train.sgd(1)),
    createWithMomentum: () => layers(tf.train.momentum(1, 0.9)),
  },
  runner,
);
describeTrainable(`a Core-API loop with sgd on ${backend}`, coreLoop, runner);
describeTrainable(
  `a Core-API loop with momentum on ${backend}`,
  {
    ...coreLoop,
    create: () => loop(tf.train.sgd(1)),
    createWithMomentum: () => loop(tf.train.momentum(1, 0.9)),
  },
  runner,
);
