/**
 * Surprising behaviour of tfjs in the newest and the oldest 4.x, and how clr handles it. If an assertion about plain
 * tfjs fails, tfjs has changed.
 */
import { type Policy, triangular } from '@clr/core';
import * as newest from '@tensorflow/tfjs';
import * as oldest from 'tfjs-oldest';
import { describe, expect, it } from 'vitest';
import { createTrainable } from './createTrainable.ts';
import { cyclicLR } from './cyclicLR.ts';
import { disposeOptimizer } from './disposeOptimizer.ts';
import { updateKind } from './optimizerKind.ts';
import { setHyperparameters } from './setHyperparameters.ts';
import { slotsOf } from './slotsOf.ts';

type Tf = typeof newest;
const versions: [string, Tf][] = [
  [newest.version_core, newest],
  [oldest.version_core, oldest as unknown as Tf],
];
/** Numbers the layers. Two copies of tfjs share one engine, where equal names would clash. */
let layers = 0;
const dense = (tf: Tf, size: number): newest.Sequential =>
  tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [size], name: `dense_${layers++}` })] });
const policy = triangular({ baseLr: 0.01, maxLr: 0.05, stepSize: 3 });

describe.each(versions)('tfjs %s', (version, tf) => {
  /** How much one update changes a weight of 1 whose gradient is 1. */
  const moved = (optimizer: newest.Optimizer): number => {
    const weight = tf.variable(tf.scalar(1));
    optimizer.minimize(() => weight.mul(1) as newest.Scalar, false, [weight]);
    return 1 - weight.dataSync()[0]!;
  };
  const field = (optimizer: newest.Optimizer) => optimizer as unknown as Record<string, unknown>;

  it('is one of the two tested versions', () => {
    expect(['4.22.0', '4.0.0']).toContain(version);
  });

  it.each([
    ['sgd', () => tf.train.sgd(0.5)],
    ['momentum', () => tf.train.momentum(0.5, 0)],
  ])('%s ignores an assigned learningRate', (_, make) => {
    const optimizer = make();
    field(optimizer).learningRate = 0.125;
    expect(moved(optimizer)).toBe(0.5);
    setHyperparameters(optimizer, { lr: 0.125 });
    expect(moved(optimizer)).toBe(0.125);
  });

  it.each([
    ['adam', () => tf.train.adam(0.5)],
    ['adamax', () => tf.train.adamax(0.5)],
    ['adagrad', () => tf.train.adagrad(0.5)],
    ['adadelta', () => tf.train.adadelta(0.5)],
    ['rmsprop', () => tf.train.rmsprop(0.5)],
  ])('%s has no setter, and reads the field at every update', (_, make) => {
    const [first, second] = [make(), make()];
    expect(field(first).setLearningRate).toBeUndefined();
    setHyperparameters(second, { lr: 0.125 });
    expect(moved(second) / moved(first)).toBeCloseTo(0.25, 4);
  });

  it('momentum: setMomentum() does nothing', () => {
    const make = () => {
      const optimizer = tf.train.momentum(0.5, 0);
      const weight = tf.variable(tf.scalar(1));
      const step = () => {
        optimizer.minimize(() => weight.mul(1) as newest.Scalar, false, [weight]);
        return weight.dataSync()[0]!;
      };
      step();
      return { optimizer, step };
    };
    const [theirs, ours] = [make(), make()];
    theirs.optimizer.setMomentum(0.5);
    expect(theirs.step()).toBe(0);
    setHyperparameters(ours.optimizer, { lr: 0.5, momentum: 0.5 });
    expect(ours.step()).toBe(-0.25);
  });

  it('momentum: dispose() leaks a tensor', () => {
    const before = tf.memory().numTensors;
    tf.train.momentum(0.1, 0.9).dispose();
    expect(tf.memory().numTensors - before).toBe(1);
    disposeOptimizer(tf.train.momentum(0.1, 0.9));
    expect(tf.memory().numTensors - before).toBe(1);
  });

  it('adam: after beta1 changes, tfjs still corrects the bias with the old beta1', () => {
    // Adam's first update is lr for every beta1, because the correction undoes the first moment's factor.
    const theirs = tf.train.adam(0.5, 0.9, 0.999, 1e-12);
    field(theirs).beta1 = 0.5;
    expect(moved(theirs)).toBeCloseTo(2.5, 4);
    const ours = tf.train.adam(0.5, 0.9, 0.999, 1e-12);
    setHyperparameters(ours, { lr: 0.5, momentum: 0.5 });
    expect(moved(ours)).toBeCloseTo(0.5, 4);
  });

  const cyclesBeta = triangular({
    ...{ baseLr: 0.01, maxLr: 0.05, stepSize: 3 },
    momentum: { base: 0.5, max: 0.9 },
  });
  const trained = async (optimizer: newest.Optimizer) => {
    const model = dense(tf, 2);
    model.compile({ optimizer, loss: 'meanSquaredError' });
    const [xs, ys] = [tf.ones([4, 2]), tf.zeros([4, 1])];
    await model.fit(xs, ys, { epochs: 4, callbacks: cyclicLR(cyclesBeta, { tf }) });
    return model;
  };

  it('adam: after beta1 was cycled, setWeights() restores the product of its past values wrongly', async () => {
    const make = () => tf.train.adam(0.1, 0.9, 0.999, 1e-8);
    const cycle = (optimizer: newest.Optimizer) => {
      for (const beta of [0.5, 0.7, 0.9]) {
        field(optimizer).beta1 = beta;
        moved(optimizer);
      }
      return (field(optimizer).accBeta1 as newest.Variable).dataSync()[0]!;
    };
    const [first, second] = [make(), make()];
    const product = cycle(first);
    await second.setWeights(await first.getWeights());
    const rebuilt = (field(second).accBeta1 as newest.Variable).dataSync()[0]!;
    expect(Math.abs(rebuilt - product)).toBeGreaterThan(0.1);
    // A snapshot holds the product itself.
    const model = await trained(make());
    const running = () => (field(model.optimizer).accBeta1 as newest.Variable).dataSync()[0]!;
    const trainable = createTrainable(tf, model);
    const [snapshot, kept] = [await trainable.snapshot(), running()];
    (field(model.optimizer).accBeta1 as newest.Variable).assign(tf.scalar(0.123));
    await trainable.restore(snapshot);
    expect(running()).toBe(kept);
  });

  it('adamax: its weights cannot be read or set; a snapshot holds them', async () => {
    const model = await trained(tf.train.adamax(0.1, 0.9, 0.999, 1e-8));
    await expect(model.optimizer.getWeights()).rejects.toThrow('not implemented');
    await expect(model.optimizer.setWeights([])).rejects.toThrow('not implemented');
    const { optimizer } = (await createTrainable(tf, model).snapshot()) as {
      optimizer: { scalars: object; iterations: number };
    };
    expect(Object.keys(optimizer.scalars)).toEqual(['accBeta1', 'iteration']);
    expect(optimizer.iterations).toBe(4);
  });

  it('tfjs-dropout-seed: with a seed it drops the same elements at every step, without one it makes new masks', async () => {
    const trainables = [7, undefined].map((seed) => {
      const model = tf.sequential({
        layers: [
          tf.layers.dropout({ rate: 0.5, inputShape: [64], name: `drop_${layers}`, ...(seed && { seed }) }),
          tf.layers.dense({ units: 1, kernelInitializer: 'ones', name: `dense_${layers++}` }),
        ],
      });
      model.compile({ optimizer: tf.train.sgd(0), loss: 'meanAbsoluteError' });
      return createTrainable(tf, model);
    });
    const batch = { xs: Float32Array.from({ length: 64 }, (_, i) => 1.01 ** i), ys: Float32Array.of(0) };
    const losses = async (trainable: (typeof trainables)[number]) => {
      const snapshot = await trainable.snapshot();
      const steps = [];
      for (let step = 0; step < 3; step++) {
        steps.push(await (await trainable.trainStep(batch, { lr: 0 })).loss);
      }
      await trainable.restore(snapshot);
      return [...steps, await (await trainable.trainStep(batch, { lr: 0 })).loss];
    };
    expect(new Set(await losses(trainables[0]!)).size).toBe(1);
    expect(new Set(await losses(trainables[1]!)).size).toBe(4);
  });

  it('tfjs-avg-pool-same: the gradient divides by the whole window, the forward pass by the part in the image', () => {
    const sum = (x: newest.Tensor) => tf.avgPool(x as newest.Tensor4D, 2, 2, 'same').sum() as newest.Scalar;
    const gradient = tf
      .grad(sum)(tf.ones([1, 3, 3, 1]))
      .reshape([3, 3])
      .arraySync();
    const right = [
      [0.25, 0.25, 0.5],
      [0.25, 0.25, 0.5],
      [0.5, 0.5, 1],
    ];
    expect(right).not.toEqual(gradient);
    expect(gradient).toEqual(Array(3).fill(Array(3).fill(0.25)));
  });

  it('tfjs-resize-half-pixel: the gradient ignores halfPixelCenters', () => {
    const rows = tf.tensor4d([1, 2, 3, 4], [1, 2, 2, 1]);
    const slopes = (half: boolean) =>
      tf.grad((x: newest.Tensor) => tf.image.resizeBilinear(x as newest.Tensor4D, [3, 3], false, half).sum())(
        rows,
      );
    const forward = (half: boolean) => tf.image.resizeBilinear(rows, [3, 3], false, half).arraySync();
    expect(forward(true)).not.toEqual(forward(false));
    expect(slopes(true).arraySync()).toEqual(slopes(false).arraySync());
  });

  it('tfjs-mirror-pad: the gradient leaves the mirrored elements out', () => {
    const padded = (x: newest.Tensor) => tf.mirrorPad(x as newest.Tensor1D, [[2, 1]], 'reflect');
    const values = tf.tensor1d([1, 2, 3, 4]);
    expect(padded(values).arraySync()).toEqual([3, 2, 1, 2, 3, 4, 3]);
    const gradient = tf
      .grad((x: newest.Tensor) => padded(x).sum())(values)
      .arraySync();
    expect(gradient).not.toEqual([1, 2, 3, 1]);
    expect(gradient).toEqual([1, 1, 1, 1]);
  });

  it('tfjs-conv-ceil: the gradient rounds the number of windows down', () => {
    const sum = (x: newest.Tensor) =>
      tf.conv2d(x as newest.Tensor4D, tf.ones([2, 2, 1, 1]), 2, 0, 'NHWC', 1, 'ceil').sum();
    const slopes = tf
      .grad(sum)(tf.ones([1, 3, 3, 1]))
      .reshape([3, 3])
      .arraySync();
    expect(sum(tf.ones([1, 3, 3, 1])).dataSync()[0]).toBe(9);
    expect(slopes).toEqual([
      [1, 1, 0],
      [1, 1, 0],
      [0, 0, 0],
    ]);
  });

  it('tfjs-abs-slope: |x| has slope -1 at 0, so an L1 penalty moves a weight of 0', () => {
    const slopes = tf
      .grad((x: newest.Tensor) => x.abs().sum())(tf.tensor1d([-2, 0, 2]))
      .arraySync();
    expect(slopes).toEqual([-1, -1, 1]);
  });

  it('tfjs-max-ties: each tied maximum gets the whole gradient', () => {
    const slopes = tf
      .grad((x: newest.Tensor) => x.max())(tf.tensor1d([3, 3, 1]))
      .arraySync();
    expect(slopes).toEqual([1, 1, 0]);
  });

  it('tfjs-masked-loss: masked steps count in the loss', () => {
    const input = tf.input({ shape: [3] });
    const embedding = tf.layers.embedding({
      ...{ inputDim: 5, outputDim: 1, maskZero: true, embeddingsInitializer: 'ones' },
      name: `embedding_${layers++}`,
    });
    const flat = tf.layers.dense({
      ...{ units: 1, kernelInitializer: 'ones', useBias: false },
      name: `dense_${layers++}`,
    });
    const perStep = tf.layers.timeDistributed({ layer: flat, name: `steps_${layers++}` });
    const outputs = perStep.apply(embedding.apply(input)) as newest.SymbolicTensor;
    const model = tf.model({ inputs: input, outputs });
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    const tokens = tf.tensor2d([[3, 0, 0]]);
    const loss = (padding: number) =>
      (model.evaluate(tokens, tf.tensor3d([[[1], [padding], [padding]]])) as newest.Scalar).dataSync()[0];
    expect([loss(1), loss(4)]).toEqual([0, 6]);
  });

  it('tfjs-adadelta-is-sgd: Adadelta moves as SGD does, and clr treats it as SGD', () => {
    const descend = (optimizer: newest.Optimizer) => {
      const weights = tf.variable(tf.tensor1d([1, -2, 0.5]));
      const loss = () =>
        weights
          .square()
          .mul(tf.tensor1d([0.1, 3, 20]))
          .sum() as newest.Scalar;
      for (let step = 0; step < 30; step++) optimizer.minimize(loss, false, [weights]);
      return Array.from(weights.dataSync());
    };
    const adadelta = descend(tf.train.adadelta(0.01, 0.95, 1e-7));
    for (const [i, weight] of descend(tf.train.sgd(0.01)).entries())
      expect(adadelta[i]).toBeCloseTo(weight, 4);
    expect(updateKind(tf.train.adadelta(0.01))).toBe('sgd');
  });

  it('tfjs-norm-without-scale: predict works, fit fails', async () => {
    const model = tf.sequential({
      layers: [tf.layers.batchNormalization({ scale: false, inputShape: [2], name: `norm_${layers++}` })],
    });
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    expect((model.predict(tf.ones([2, 2])) as newest.Tensor).shape).toEqual([2, 2]);
    await expect(model.fit(tf.ones([2, 2]), tf.ones([2, 2]), { verbose: 0 })).rejects.toThrow();
  });

  it('tfjs-no-gradient: these operations have no gradient, and neither have comparisons', () => {
    const x = tf.tensor2d([1, 2, 3, 4], [2, 2]);
    const sums: Record<string, (value: newest.Tensor) => newest.Tensor> = {
      einsum: (value) => tf.einsum('ij,jk->ik', value, x),
      cumprod: (value) => tf.cumprod(value),
      topk: (value) => tf.topk(value, 1).values,
      gatherND: (value) => tf.gatherND(value, tf.tensor2d([[0, 1]], [1, 2], 'int32')),
      stridedSlice: (value) => tf.stridedSlice(value, [0, 0], [2, 2], [1, 2]),
      comparison: (value) => tf.where(value.greater(2), tf.onesLike(value), tf.zerosLike(value)),
    };
    for (const [name, make] of Object.entries(sums)) {
      expect(() => tf.grad((value) => make(value).sum())(x), name).toThrow(/[Cc]annot compute gradient/);
    }
  });

  it('tfjs-slots-by-index: after freezing, the same optimizer uses the velocity of another weight', async () => {
    const make = () => {
      const layer = (name: string) =>
        tf.layers.dense({
          units: 1,
          useBias: false,
          inputShape: [1],
          kernelInitializer: 'zeros',
          name: `${name}_${layers++}`,
        });
      const input = tf.input({ shape: [1] });
      const [first, second] = [layer('first'), layer('second')];
      const outputs = [first, second].map((one) => one.apply(input)) as newest.SymbolicTensor[];
      const model = tf.model({ inputs: input, outputs });
      const optimizer = tf.train.momentum(0.5, 0.5);
      const compile = () => model.compile({ optimizer, loss: 'meanSquaredError' });
      compile();
      const freeze = (): void => {
        first.trainable = false;
        compile();
      };
      return { model, second, freeze };
    };
    // The first weight has gradient −2 · 1, the second 0.
    const fit = async ({ model }: ReturnType<typeof make>) => {
      const one = tf.tensor2d([[1]]);
      await model.trainOnBatch(one, [tf.tensor2d([[1]]), tf.tensor2d([[0]])]);
    };
    const theirs = make();
    await fit(theirs);
    theirs.freeze();
    await fit(theirs);
    expect(theirs.second.getWeights()[0]!.dataSync()[0]).toBe(0.5);
    const ours = make();
    await fit(ours);
    ours.freeze();
    const ys = [Float32Array.of(1), Float32Array.of(0)];
    createTrainable(tf, ours.model).trainStep({ xs: Float32Array.of(1), ys }, { lr: 0.5 });
    expect(ours.second.getWeights()[0]!.dataSync()[0]).toBe(0);
  });

  describe('callbacks', () => {
    const model = () => {
      const made = dense(tf, 2);
      made.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
      return made;
    };
    const fit = (callbacks: unknown, made = model()) =>
      made.fit(tf.ones([8, 2]), tf.zeros([8, 1]), {
        batchSize: 4,
        epochs: 2,
        callbacks: callbacks as newest.CustomCallbackArgs[],
      });
    class Told extends tf.Callback {
      told: unknown[] = [];
      override onEpochEnd = async () => {
        this.told.push((this as unknown as { model: unknown }).model);
      };
    }

    it('an instance after a plain object never gets the model', async () => {
      const theirs = new Told();
      await fit([{}, theirs]);
      expect(theirs.told).toEqual([null, null]);
      const ours = cyclicLR(policy, { tf });
      await fit([{}, ours]);
      expect(ours.step).toBe(4);
    });

    it('a plain object after an instance stops fit', async () => {
      await expect(fit([new Told(), {}])).rejects.toThrow('setParams is not a function');
      const ours = cyclicLR(policy, { tf });
      await fit([ours, {}]);
      expect(ours.step).toBe(4);
    });

    it('batch numbers start again from 0 in each epoch', async () => {
      const batches: number[] = [];
      const ours = cyclicLR(policy, { tf });
      await fit([ours, { onBatchBegin: (batch: number) => void batches.push(batch) }]);
      expect(batches).toEqual([0, 1, 0, 1]);
      expect(ours.step).toBe(4);
    });

    it('onBatchEnd of a plain object reads every batch back, but cyclicLR does not', async () => {
      const backend = tf.backend() as unknown as { read(id: object): unknown };
      const { read } = backend;
      let reads = 0;
      backend.read = function (id) {
        reads++;
        return read.call(this, id);
      };
      const count = async (callbacks: unknown) => {
        reads = 0;
        await fit(callbacks);
        return reads;
      };
      try {
        const without = await count([]);
        expect(await count([{ onBatchEnd: () => {} }])).toBe(without + 4);
        for (const list of [[], [{}]]) {
          expect(await count([...list, cyclicLR(policy, { tf })])).toBe(without);
          expect(await count([cyclicLR(policy, { tf }), ...list])).toBe(without);
        }
      } finally {
        backend.read = read;
      }
    });

    it('a Sequential gives callbacks its inner model, whose metadata is not saved', async () => {
      const theirs = new Told();
      const made = model();
      await fit([theirs, cyclicLR(policy, { tf })], made);
      expect(theirs.told[0]).not.toBe(made);
      expect(made.getUserDefinedMetadata()).toBeUndefined();
      let saved: newest.io.ModelArtifacts = {};
      const handler = tf.io.withSaveHandler(async (artifacts) => {
        saved = artifacts;
        return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } };
      });
      await made.save(handler);
      expect(saved.userDefinedMetadata).toEqual({ clr: { policy, step: 4 } });
    });
  });
});

describe('two copies of tfjs', () => {
  it('are separate, but share one engine', () => {
    expect(newest.Callback).not.toBe(oldest.Callback);
    expect(newest.train.adam(0.1).constructor).not.toBe(oldest.train.adam(0.1).constructor);
    expect(newest.engine()).toBe(oldest.engine());
  });

  it('setHyperparameters works with optimizers of both', () => {
    for (const [, tf] of versions) {
      for (const optimizer of [
        tf.train.sgd(1),
        tf.train.momentum(1, 0.5),
        tf.train.adam(1),
        tf.train.adamax(1),
      ]) {
        const momentum = optimizer.getClassName() === 'SGD' ? {} : { momentum: 0.25 };
        setHyperparameters(optimizer, { lr: 0.5, ...momentum });
        const weight = newest.variable(newest.scalar(1));
        optimizer.minimize(() => weight.mul(1) as newest.Scalar, false, [weight]);
        expect(weight.dataSync()[0]).toBeCloseTo(0.5, 4);
      }
    }
  });

  it('cyclicLR says what to pass if the model belongs to the other copy', async () => {
    const tf = oldest as unknown as Tf;
    const model = dense(tf, 1);
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    const fit = (callbacks: newest.Callback) => model.fit(tf.ones([2, 1]), tf.ones([2, 1]), { callbacks });
    await expect(fit(cyclicLR(policy))).rejects.toThrow('cyclicLR(policy, { tf })');
    const { history } = await fit(cyclicLR(policy, { tf }));
    expect(history.lr).toEqual([policy.baseLr]);
  });
});

describe('a tfjs with other internals is refused', () => {
  const tf = newest;
  const without = (optimizer: newest.Optimizer, ...names: string[]) => {
    for (const name of names)
      Object.defineProperty(optimizer, name, { value: undefined, configurable: true });
    return optimizer;
  };
  it.each([
    ['SGD without c', () => without(tf.train.sgd(1), 'c'), 'a tensor in `c`'],
    ['SGD without a setter', () => without(tf.train.sgd(1), 'setLearningRate'), '`setLearningRate`'],
    ['Momentum without m', () => without(tf.train.momentum(1, 0), 'm'), 'a tensor in `m`'],
    ['Adam without accBeta1', () => without(tf.train.adam(1), 'accBeta1'), '`accBeta1`'],
    ['RMSProp without a rate', () => without(tf.train.rmsprop(1), 'learningRate'), '`learningRate`'],
    [
      'SGD whose setLearningRate() does nothing',
      () => Object.assign(tf.train.sgd(1), { setLearningRate: () => {} }),
      'a setLearningRate() that renews `c`',
    ],
  ])('%s', (_, make, what) => {
    expect(() => setHyperparameters(make(), { lr: 0.1 })).toThrow(what);
  });

  it('Adagrad without its slots, at the first read of its state', () => {
    expect(() => slotsOf(without(tf.train.adagrad(1), 'accumulatedGrads'))).toThrow('`accumulatedGrads`');
  });

  /** An Adam that computes its updates with a rate of its own. */
  const deafAdam = (): newest.Optimizer => {
    const optimizer = tf.train.adam(1);
    const inner = tf.train.adam(1);
    const counter = optimizer as unknown as { incrementIterations(): void };
    optimizer.applyGradients = (gradients) => {
      inner.applyGradients(gradients);
      counter.incrementIterations();
    };
    return optimizer;
  };

  it('an Adam whose update ignores the rate it is given', () => {
    const optimizer = deafAdam();
    const weight = tf.variable(tf.scalar(1));
    setHyperparameters(optimizer, { lr: 0.1 });
    optimizer.minimize(() => weight.mul(1) as newest.Scalar, false, [weight]);
    expect(() => setHyperparameters(optimizer, { lr: 0.1 })).toThrow('an update that reads `learningRate`');
  });

  it('an Adam whose update ignores the rate it is given, in fit and in a Trainable', async () => {
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [1] })] });
    const compile = () => model.compile({ optimizer: deafAdam(), loss: 'meanSquaredError' });
    compile();
    const [xs, ys] = [tf.ones([2, 1]), tf.ones([2, 1])];
    const said = 'an update that reads `learningRate`';
    await expect(model.fit(xs, ys, { verbose: 0, callbacks: cyclicLR(policy) })).rejects.toThrow(said);
    compile();
    expect(() => createTrainable(tf, model).trainStep({ xs, ys }, { lr: 0.1 })).toThrow(said);
    const weight = tf.variable(tf.scalar(1));
    const loop = { optimizer: deafAdam(), variables: [weight], loss: () => weight.square() as newest.Scalar };
    expect(() => createTrainable(tf, loop).trainStep(xs, { lr: 0.1 })).toThrow(said);
  });

  it('an optimizer of an unknown class', () => {
    class Mine extends tf.SGDOptimizer {
      static override get className() {
        return 'Mine';
      }
    }
    expect(() => setHyperparameters(new Mine(1), { lr: 0.1 })).toThrow('an optimizer of the class "Mine"');
    expect(() => setHyperparameters(undefined as unknown as newest.Optimizer, { lr: 0.1 })).toThrow(
      'undefined',
    );
    expect(() => cyclicLR(undefined as unknown as Policy)).toThrow();
    const { CallbackList: _, ...bare } = newest;
    expect(() => cyclicLR(policy, { tf: bare as unknown as Tf })).toThrow('CallbackList');
  });
});
