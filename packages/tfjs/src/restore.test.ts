import { ClrError, type RestoreOptions, type Trainable } from '@clr/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { backend, tf } from '../test/tf.ts';
import { createTrainable } from './createTrainable.ts';
import type { LayersBatch } from './layersTrainable.ts';
import type { TfjsSnapshot } from './tfjsSnapshot.ts';

const batch: LayersBatch = {
  xs: Float32Array.of(1, -2, 0.5, 3, -1, 0.25),
  ys: Float32Array.of(1, 0, -1, 2, 0.5, 1),
};
const momentum = (): tf.Optimizer => tf.train.momentum(0.1, 0.9);

/** Dense layers of equal shape. Only their names differ. */
function net(
  names: readonly (string | undefined)[],
  { optimizer = momentum(), units = [] as number[], activation = 'linear' as 'linear' | 'tanh' } = {},
): tf.Sequential {
  const layers = names.map((name, index) =>
    tf.layers.dense({
      units: units[index] ?? 2,
      activation,
      biasInitializer: 'randomNormal',
      ...(index === 0 && { inputShape: [2] }),
      ...(name && { name }),
    }),
  );
  const model = tf.sequential({ layers });
  compile(model, optimizer);
  return model;
}

function compile(model: tf.LayersModel, optimizer: tf.Optimizer = momentum()): void {
  model.compile({ optimizer, loss: 'meanSquaredError' });
}

const freeze = (model: tf.LayersModel, name: string, trainable = false): void => {
  model.getLayer(name).trainable = trainable;
};

/** The values of every weight, by layer. */
async function weightsByLayer(model: tf.LayersModel): Promise<Record<string, number[][]>> {
  const entries = await Promise.all(
    model.layers
      .filter(({ weights }) => weights.length > 0)
      .map(async (layer) => {
        const values = await Promise.all(layer.getWeights().map((weight) => weight.data()));
        return [layer.name, values.map((value) => [...value])] as const;
      }),
  );
  return Object.fromEntries(entries);
}

const step = async (trainable: Trainable<LayersBatch>): Promise<void> => {
  await (await trainable.trainStep(batch, { lr: 0.05 })).loss;
};

/** Trains a model for two steps. Returns its snapshot after a round trip through storage. */
async function trained(model: tf.LayersModel): Promise<TfjsSnapshot> {
  const trainable = createTrainable(tf, model);
  await step(trainable);
  await step(trainable);
  return structuredClone((await trainable.snapshot()) as TfjsSnapshot);
}

/** Checks that a restore throws this message and changes nothing. */
async function refuses(model: tf.LayersModel, snapshot: object, message: string | RegExp): Promise<void> {
  const trainable = createTrainable(tf, model);
  const before = await trainable.snapshot();
  const count = tf.memory().numTensors;
  const error = await trainable.restore(snapshot).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ClrError);
  expect((error as Error).message).toMatch(message);
  expect(await trainable.snapshot()).toEqual(before);
  expect(tf.memory().numTensors).toBe(count);
}

/** Checks that a restore gives each layer its own weights, and that the next step equals the original's. */
async function restores(
  from: tf.LayersModel,
  to: tf.LayersModel,
  snapshot: object,
  renamed: (name: string) => string = (name) => name,
): Promise<void> {
  const trainable = createTrainable(tf, to);
  const back = createTrainable(tf, from);
  const named = async () =>
    Object.fromEntries(Object.entries(await weightsByLayer(from)).map(([name, all]) => [renamed(name), all]));
  await trainable.restore(snapshot);
  await back.restore(snapshot);
  expect(await weightsByLayer(to)).toEqual(await named());
  await step(trainable);
  await step(back);
  expect(await weightsByLayer(to)).toEqual(await named());
}

describe(`a snapshot in another model on ${backend}`, () => {
  beforeEach(() => {
    tf.engine().startScope();
    tf.disposeVariables();
  });
  afterEach(() => tf.engine().endScope());

  describe('restores correctly', () => {
    it('after a step in the same model', async () => {
      const model = net(['a', 'b', 'c']);
      const snapshot = await trained(model);
      await step(createTrainable(tf, model));
      await restores(model, model, snapshot);
    });

    it('in another model with the same layer names', async () => {
      const model = net(['a', 'b', 'c']);
      const snapshot = await trained(model);
      await restores(model, net(['a', 'b', 'c']), snapshot);
    });

    it('in a second instance, where tfjs generates other names', async () => {
      const model = net([undefined, 'b', undefined]);
      const snapshot = await trained(model);
      const other = net([undefined, 'b', undefined]);
      const names = new Map(model.layers.map(({ name }, index) => [name, other.layers[index]!.name]));
      expect(other.layers[0]!.name).not.toBe(model.layers[0]!.name);
      await restores(model, other, snapshot, (name) => names.get(name)!);
    });

    it.each(['a', 'b', 'c'])('after %s was frozen and the model compiled again', async (name) => {
      const model = net(['a', 'b', 'c'], { optimizer: tf.train.sgd(0.1) });
      const snapshot = await trained(model);
      const wanted = await weightsByLayer(model);
      freeze(model, name);
      compile(model, tf.train.sgd(0.1));
      await step(createTrainable(tf, model));
      await createTrainable(tf, model).restore(snapshot);
      expect(await weightsByLayer(model)).toEqual(wanted);
    });

    it('after a layer was frozen and thawed again, with an optimizer that has a state', async () => {
      const model = net(['a', 'b', 'c']);
      const snapshot = await trained(model);
      freeze(model, 'a');
      compile(model);
      await step(createTrainable(tf, model));
      freeze(model, 'a', true);
      compile(model);
      await restores(model, model, snapshot);
    });

    it('with the same optimizer after freezing, although tfjs finds its state by index', async () => {
      const optimizer = momentum();
      const [model, beside] = [net(['a', 'b', 'c'], { optimizer }), net(['a', 'b', 'c'])];
      const snapshot = await trained(model);
      await createTrainable(tf, beside).restore(snapshot);
      freeze(model, 'a');
      compile(model, optimizer);
      await step(createTrainable(tf, model));
      await step(createTrainable(tf, beside));
      const [ours, wanted] = [await weightsByLayer(model), await weightsByLayer(beside)];
      expect([ours.b, ours.c]).toEqual([wanted.b, wanted.c]);
    });

    it('with batch normalization, although tfjs lists its statistics last', async () => {
      const make = () => {
        const model = tf.sequential({
          layers: [
            tf.layers.dense({ units: 2, inputShape: [2], name: 'd' }),
            tf.layers.batchNormalization({ name: 'n' }),
            tf.layers.dense({ units: 2, name: 'e' }),
          ],
        });
        compile(model, tf.train.sgd(0.1));
        return model;
      };
      const [model, frozen] = [make(), make()];
      const snapshot = await trained(model);
      freeze(frozen, 'n');
      freeze(frozen, 'd');
      compile(frozen, tf.train.sgd(0.1));
      await createTrainable(tf, frozen).restore(snapshot);
      expect(await weightsByLayer(frozen)).toEqual(await weightsByLayer(model));
    });

    it('in nested models whose layers have equal names', async () => {
      const make = () => {
        const part = (name: string) =>
          tf.sequential({
            name,
            layers: [
              tf.layers.dense({ units: 2, inputShape: [2], name: 'd', biasInitializer: 'randomNormal' }),
            ],
          });
        const input = tf.input({ shape: [2] });
        const [one, two] = [part('one'), part('two')];
        const sum = tf.layers
          .add({ name: 'sum' })
          .apply([one.apply(input), two.apply(input)] as tf.SymbolicTensor[]);
        const model = tf.model({ inputs: input, outputs: sum as tf.SymbolicTensor });
        compile(model);
        return model;
      };
      const [model, other] = [make(), make()];
      const snapshot = await trained(model);
      expect(snapshot.weights.map(({ place }) => place)).toEqual([
        'one/d/kernel',
        'one/d/bias',
        'two/d/kernel',
        'two/d/bias',
      ]);
      await createTrainable(tf, other).restore(snapshot);
      const values = async (of: tf.LayersModel) =>
        Promise.all(of.getWeights().map(async (weight) => [...(await weight.data())]));
      expect(await values(other)).toEqual(await values(model));
      freeze(other, 'one');
      compile(other);
      await step(createTrainable(tf, model));
      await createTrainable(tf, other).restore(snapshot, { partial: true });
      await createTrainable(tf, model).restore(snapshot);
      const [ours, theirs] = [await weightsByLayer(other), await weightsByLayer(model)];
      expect([ours.one, ours.two]).toEqual([theirs.one, theirs.two]);
    });

    it('with a layer that occurs twice', async () => {
      const make = () => {
        const input = tf.input({ shape: [2] });
        const shared = tf.layers.dense({ units: 2, name: 'shared' });
        const out = tf.layers.dense({ units: 2, name: 'out' });
        const twice = out.apply(shared.apply(shared.apply(input))) as tf.SymbolicTensor;
        const model = tf.model({ inputs: input, outputs: twice });
        compile(model);
        return model;
      };
      const model = make();
      const snapshot = await trained(model);
      const places = ['shared/kernel', 'shared/bias', 'out/kernel', 'out/bias'];
      expect(snapshot.weights.map(({ place }) => place)).toEqual(places);
      await restores(model, make(), snapshot);
    });

    it.each(['Momentum', 'Adam'])('into a loaded model whose file includes the state of %s', async (kind) => {
      const make = () => (kind === 'Adam' ? tf.train.adam(0.1) : momentum());
      // This is the second model with these names on the page, so tfjs numbers its variables, also in the file.
      net(['a', 'b', 'c']);
      const model = net(['a', 'b', 'c'], { optimizer: make() });
      freeze(model, 'b');
      compile(model, make());
      const snapshot = await trained(model);
      let saved: tf.io.ModelArtifacts = {};
      const handler = tf.io.withSaveHandler(async (artifacts) => {
        saved = artifacts;
        return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } };
      });
      await model.save(handler, { includeOptimizer: true });
      const loaded = await tf.loadLayersModel(tf.io.fromMemory(saved));
      const { optimizer } = (await createTrainable(tf, loaded).snapshot()) as TfjsSnapshot;
      expect(optimizer.slots).toEqual(snapshot.optimizer.slots);
      await restores(model, loaded, snapshot);
    });

    it('a snapshot of version 1, with slots in the order of the weights, also after freezing', async () => {
      const model = net(['a', 'b', 'c']);
      const { weights, optimizer } = await trained(model);
      const first = {
        version: 1,
        weights: weights.map(({ place: _, ...weight }) => weight),
        optimizer: {
          ...optimizer,
          slots: {
            accumulations: optimizer.slots.accumulations!.map((slot) => ({
              ...slot,
              name: `${slot.name}/momentum`,
            })),
          },
        },
      };
      await restores(model, model, first);
      const wanted = await weightsByLayer(model);
      freeze(model, 'a');
      compile(model);
      await step(createTrainable(tf, model));
      await createTrainable(tf, model).restore(first, { partial: true });
      await createTrainable(tf, model).restore(first, { partial: true });
      const now = await weightsByLayer(model);
      expect(Object.keys(now)).toEqual(Object.keys(wanted));
      expect(now.a).toEqual([[...weights[0]!.values], [...weights[1]!.values]]);
      expect(now.c).toEqual([[...weights[4]!.values], [...weights[5]!.values]]);
    });

    it('a snapshot of version 1 without names, if the shapes are unique', async () => {
      const model = net(['a', 'b'], { units: [3, 2], optimizer: tf.train.sgd(0.1) });
      const { weights, optimizer } = await trained(model);
      const unnamed = weights.map(({ place: _, name: __, ...weight }) => weight);
      await restores(model, model, { version: 1, weights: unnamed, optimizer });
    });
  });

  describe('is refused with an error that says what differs', () => {
    it.each<[string, () => tf.LayersModel, RegExp]>([
      [
        'layers in another order',
        () => net(['b', 'a', 'c']),
        /its layer 1 is a Dense linear .*the model b Dense/,
      ],
      [
        'a renamed layer',
        () => net(['a', 'b', 'other']),
        /other\/kernel is missing.*c\/kernel is not in the model/,
      ],
      ['an additional layer', () => net(['a', 'b', 'c', 'd']), /d\/kernel is missing/],
      ['a missing layer', () => net(['a', 'b']), /c\/kernel is not in the model/],
      [
        'a wider layer',
        () => net(['a', 'b', 'c'], { units: [2, 5] }),
        /b\/kernel is float32\[2, 2\], and in the model float32\[2, 5\]/,
      ],
      [
        'another activation',
        () => net(['a', 'b', 'c'], { activation: 'tanh' }),
        /its layer 1 is a Dense linear/,
      ],
      ['layers without names', () => net([undefined, undefined, undefined]), /Dense#1\/kernel is missing/],
      [
        'another optimizer',
        () => net(['a', 'b', 'c'], { optimizer: tf.train.adam(0.1) }),
        /its optimizer is Momentum, and the model's Adam/,
      ],
      [
        'a frozen layer, whose velocity would be lost',
        () => {
          const model = net(['a', 'b', 'c']);
          freeze(model, 'a');
          compile(model);
          return model;
        },
        /a\/kernel was trained, and is frozen now/,
      ],
    ])('%s', async (_, make, message) => {
      await refuses(make(), await trained(net(['a', 'b', 'c'])), message);
    });

    it('layers with generated names in another order', async () => {
      const model = net([undefined, undefined, undefined]);
      const snapshot = await trained(model);
      const [a, b, c] = model.layers as [tf.layers.Layer, tf.layers.Layer, tf.layers.Layer];
      const input = tf.input({ shape: [2] });
      const turned = tf.model({
        inputs: input,
        outputs: [b, a, c].reduce((value, layer) => layer.apply(value) as tf.SymbolicTensor, input),
      });
      compile(turned);
      await refuses(turned, snapshot, /name the layers/);
    });

    it('layers with generated names, after one was removed', async () => {
      const model = net([undefined, undefined, undefined]);
      const snapshot = await trained(model);
      model.pop();
      model.add(tf.layers.dense({ units: 7 }));
      compile(model);
      await refuses(model, snapshot, /Dense#3\/kernel is float32\[2, 2\]/);
    });

    it('a snapshot of another adapter', async () => {
      await refuses(
        net(['a']),
        { version: 1, type: 'webgpu', optimizer: 'sgd' },
        /Received: a snapshot of webgpu/,
      );
      await refuses(net(['a']), {}, /a snapshot of @clr\/tfjs/);
    });

    it('a snapshot that went through JSON or was truncated', async () => {
      const model = net(['a', 'b']);
      const snapshot = await trained(model);
      await refuses(model, JSON.parse(JSON.stringify(snapshot)), /structuredClone/);
      const short = { ...snapshot.weights[0]!, values: new Float32Array(3) };
      await refuses(
        model,
        { ...snapshot, weights: [short, ...snapshot.weights.slice(1)] },
        /the values of a\/kernel/,
      );
      const { weights: _, ...without } = snapshot;
      await refuses(model, without, /the fields/);
      const optimizer = { ...snapshot.optimizer, iterations: Number.NaN };
      await refuses(model, { ...snapshot, optimizer }, /count of updates/);
    });

    it('a snapshot of version 1 that does not identify the weights', async () => {
      const model = net(['a', 'b']);
      const { weights, optimizer } = await trained(model);
      const unnamed = weights.map(({ place: _, name: __, ...weight }) => weight);
      await refuses(model, { version: 1, weights: unnamed, optimizer }, /Weights of equal shape/);
    });
  });

  describe('restores the parts that fit with { partial: true }', () => {
    const partial: RestoreOptions = { partial: true };

    it('the layers of equal name and shape, and no others', async () => {
      const model = net(['a', 'b', 'c']);
      const snapshot = await trained(model);
      const other = net(['x', 'c', 'a'], { units: [2, 2, 2] });
      const [before, wanted] = [await weightsByLayer(other), await weightsByLayer(model)];
      await createTrainable(tf, other).restore(snapshot, partial);
      const now = await weightsByLayer(other);
      expect([now.x, now.c, now.a]).toEqual([before.x, wanted.c, wanted.a]);
    });

    it('but refuses a snapshot if none of its tensors fits', async () => {
      const snapshot = await trained(net(['a', 'b']));
      const trainable = createTrainable(tf, net(['a', 'b'], { units: [7, 7] }));
      const before = await trainable.snapshot();
      await expect(trainable.restore(snapshot, partial)).rejects.toThrow(
        /^\[clr\/tfjs\] Expected a snapshot with a tensor that fits this model/,
      );
      expect(await trainable.snapshot()).toEqual(before);
    });

    it('but not the state of another optimizer', async () => {
      const snapshot = await trained(net(['a', 'b']));
      const other = net(['a', 'b'], { optimizer: tf.train.adam(0.1) });
      const trainable = createTrainable(tf, other);
      const before = (await trainable.snapshot()) as TfjsSnapshot;
      await trainable.restore(snapshot, partial);
      const after = (await trainable.snapshot()) as TfjsSnapshot;
      expect(after.optimizer).toEqual(before.optimizer);
      expect(after.weights.map(({ values }) => values)).toEqual(snapshot.weights.map(({ values }) => values));
    });

    it('but not the velocity of a new head, which keeps its own', async () => {
      const snapshot = await trained(net(['a', 'b', 'head']));
      const other = net(['a', 'b', 'new']);
      const trainable = createTrainable(tf, other);
      await step(trainable);
      const slots = async () => ((await trainable.snapshot()) as TfjsSnapshot).optimizer.slots.accumulations!;
      const before = await slots();
      await trainable.restore(snapshot, partial);
      const after = await slots();
      const saved = snapshot.optimizer.slots.accumulations!;
      expect(after.slice(0, 4)).toEqual(saved.slice(0, 4));
      expect(after.slice(4)).toEqual(before.slice(4));
      await step(trainable);
    });
  });
});

describe(`a snapshot of a Core-API loop on ${backend}`, () => {
  beforeEach(() => tf.engine().startScope());
  afterEach(() => tf.engine().endScope());
  let count = 0;
  const loop = (names: readonly (string | undefined)[], optimizer = momentum()) => {
    const variables = names.map((name, index) =>
      tf.variable(tf.scalar(index + 1), true, name && `${name}_${count}`),
    );
    const trainable = createTrainable<number>(tf, {
      optimizer,
      variables,
      loss: (scale) =>
        variables.reduce<tf.Tensor>(
          (sum, variable, index) => sum.add(variable.mul((index + 1) * scale)),
          tf.scalar(0),
        ),
    });
    return {
      variables,
      trainable,
      values: async () =>
        (await Promise.all(variables.map((variable) => variable.data()))).map(([value]) => value!),
    };
  };
  beforeEach(() => {
    count++;
  });

  it('is restored to the same variables in another order', async () => {
    const { variables, trainable, values } = loop(['v', 'w']);
    await (await trainable.trainStep(1, { lr: 0.5 })).loss;
    const snapshot = await trainable.snapshot();
    const [v, w] = await values();
    await (await trainable.trainStep(1, { lr: 0.5 })).loss;
    const turned = [...variables].reverse();
    const other = createTrainable<number>(tf, {
      optimizer: momentum(),
      variables: turned,
      loss: (scale) => turned[0]!.mul(turned[1]!).mul(scale),
    });
    await other.restore(snapshot);
    expect(await values()).toEqual([v, w]);
    const { optimizer } = (await other.snapshot()) as TfjsSnapshot;
    expect(optimizer.slots.accumulations!.map(({ values: [value] }) => value)).toEqual([2, 1]);
  });

  it('is restored by order to variables without names in a second loop', async () => {
    const first = loop([undefined, undefined]);
    await (await first.trainable.trainStep(1, { lr: 0.5 })).loss;
    const second = loop([undefined, undefined]);
    await second.trainable.restore(await first.trainable.snapshot());
    expect(await second.values()).toEqual(await first.values());
  });

  it('is refused if variables without names come in another order, or if a variable is missing', async () => {
    const { variables, trainable, values } = loop([undefined, undefined]);
    const snapshot = await trainable.snapshot();
    const turned = [...variables].reverse();
    const loss = () => turned[0]!.mul(turned[1]!);
    const other = createTrainable(tf, { optimizer: momentum(), variables: turned, loss });
    await expect(other.restore(snapshot)).rejects.toThrow(/to remove the ambiguity/);
    const fewer = createTrainable(tf, { optimizer: momentum(), variables: [variables[0]!], loss });
    await expect(fewer.restore(snapshot)).rejects.toThrow('variables[1] is not in the model');
    expect(await values()).toEqual([1, 2]);
  });
});

describe('a snapshot with one value replaced', () => {
  it('changes no weight: it is refused with a clear error, or accepted if the value is valid', async () => {
    const model = net(['a', 'b']);
    const trainable = createTrainable(tf, model);
    await step(trainable);
    const good = (await trainable.snapshot()) as TfjsSnapshot;
    const before = await weightsByLayer(model);
    const paths: (readonly string[])[] = [];
    const visit = (part: unknown, path: readonly string[]): void => {
      if (path.length > 0) paths.push(path);
      if (typeof part !== 'object' || part === null || ArrayBuffer.isView(part)) return;
      for (const [key, inner] of Object.entries(part)) visit(inner, [...path, key]);
    };
    visit(good, []);
    // String() throws on the two values before the last.
    const odd: readonly unknown[] = [
      undefined,
      null,
      '',
      'x',
      Number.NaN,
      -1,
      0.5,
      [],
      {},
      [null],
      { toString: 1 },
      Symbol('s'),
      true,
    ];
    const accepted = new Set<string>();
    for (const path of paths) {
      for (const value of odd) {
        const changed = structuredClone(good);
        const parent = path.slice(0, -1).reduce<object>((part, key) => Reflect.get(part, key), changed);
        Reflect.set(parent, path.at(-1)!, value);
        try {
          await trainable.restore(changed);
          accepted.add(path.join('.').replaceAll(/\d+/g, 'n'));
        } catch (error) {
          expect(error).toBeInstanceOf(ClrError);
        }
        expect(await weightsByLayer(model)).toEqual(before);
      }
    }
    expect([...accepted].sort()).toEqual([
      // 0.5 is a valid rate and a valid momentum. The Momentum optimizer has no scalars. Before the first step, there
      // are no slots and no states.
      'optimizer.numbers.learningRate',
      'optimizer.numbers.momentum',
      'optimizer.numbers.ownMomentum',
      'optimizer.scalars',
      'optimizer.slots',
      'optimizer.slots.accumulations',
      'states',
      // Older snapshots have no topology.
      'topology',
      // The name is for people. The place identifies the weight.
      'weights.n.name',
    ]);
    model.dispose();
  });
});
