import { fileURLToPath } from 'node:url';
import * as core from '@clr/core';
import { describeExamples } from '@clr/tooling/describeExamples';
import * as tf from '@tensorflow/tfjs';
import { beforeAll } from 'vitest';
import * as tfjs from './index.ts';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

/**
 * Names that the examples use without declaring them: a compiled model, its data, a loss, and storage as in a browser.
 */
function scope(): Record<string, unknown> {
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [2] })] });
  model.compile({ optimizer: tf.train.momentum(0.1, 0.9), loss: 'meanSquaredError' });
  const [xs, ys] = [tf.ones([8, 2]), tf.zeros([8, 1])];
  const weight = tf.variable(tf.scalar(1));
  return {
    ...core,
    ...tfjs,
    tf,
    model,
    xs,
    ys,
    loss: () => weight.square(),
    images: tf.data.array([...Array(8).keys()].map((value) => [value, 1])),
    labels: tf.data.array([...Array(8).keys()].map((value) => [value])),
    policy: core.triangular({ baseLr: 0.001, maxLr: 0.01, stepSize: 4 }),
  };
}

beforeAll(() => {
  const shelf = new Map<string, tf.io.ModelArtifacts>();
  const modelArtifactsInfo = { dateSaved: new Date(), modelTopologyType: 'JSON' as const };
  const handler = (url: string | string[]): tf.io.IOHandler => ({
    save: async (artifacts) => {
      shelf.set(String(url), structuredClone(artifacts));
      return { modelArtifactsInfo };
    },
    load: async () => shelf.get(String(url))!,
  });
  tf.io.registerSaveRouter(
    (url) => (String(url).startsWith('indexeddb:') ? handler(url) : null) as tf.io.IOHandler,
  );
  tf.io.registerLoadRouter(
    (url) => (String(url).startsWith('indexeddb:') ? handler(url) : null) as tf.io.IOHandler,
  );
});

const modules = { '@clr/core': core, '@clr/tfjs': tfjs, '@tensorflow/tfjs': tf };

describeExamples({
  sources: path('.'),
  exports: [tfjs],
  pages: [path('../README.md')],
  scope,
  modules,
});

describeExamples({
  pages: [path('../../../README.md')],
  only: (code) => code.includes("'@clr/tfjs'"),
  modules,
});
