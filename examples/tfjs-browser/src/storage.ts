import * as tf from '@tensorflow/tfjs';

const url = 'indexeddb://clr-digits';
const key = 'clr-digits-history';

/** What the charts show, one entry a step. */
export interface History {
  step: number[];
  lr: number[];
  momentum: number[];
  loss: number[];
  accuracy: number[];
  /** Of the test digits; `null` between the epochs' ends. */
  test: (number | null)[];
}

export const emptyHistory = (): History => ({
  step: [],
  lr: [],
  momentum: [],
  loss: [],
  accuracy: [],
  test: [],
});

/** Keeps the model, with its optimizer's slots and, in its metadata, policy and step. */
export async function keep(model: tf.LayersModel, history: History): Promise<void> {
  await model.save(url, { includeOptimizer: true });
  localStorage.setItem(key, JSON.stringify(history));
}

/** What an earlier visit kept, if any. */
export async function restore(): Promise<{ model: tf.LayersModel; history: History } | null> {
  if (!((await tf.io.listModels())[url] && localStorage.getItem(key))) return null;
  const model = await tf.loadLayersModel(url);
  return { model, history: JSON.parse(localStorage.getItem(key) ?? '') as History };
}

export async function forget(): Promise<void> {
  localStorage.removeItem(key);
  if ((await tf.io.listModels())[url]) await tf.io.removeModel(url);
}
