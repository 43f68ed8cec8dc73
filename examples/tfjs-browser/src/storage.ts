import * as tf from '@tensorflow/tfjs';

const url = 'indexeddb://clr-digits';
const key = 'clr-digits-history';

/** The data of the charts, with one entry per step. */
export interface History {
  step: number[];
  lr: number[];
  momentum: number[];
  loss: number[];
  accuracy: number[];
  /** The accuracy on the test digits; `null` except at the ends of epochs. */
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

/** Stores the model with its optimizer's slots. Its metadata hold the policy and the step. */
export async function keep(model: tf.LayersModel, history: History): Promise<void> {
  await model.save(url, { includeOptimizer: true });
  localStorage.setItem(key, JSON.stringify(history));
}

/** The stored run of an earlier visit, if any. */
export async function restore(): Promise<{ model: tf.LayersModel; history: History } | null> {
  if (!((await tf.io.listModels())[url] && localStorage.getItem(key))) return null;
  const model = await tf.loadLayersModel(url);
  return { model, history: JSON.parse(localStorage.getItem(key) ?? '') as History };
}

export async function forget(): Promise<void> {
  localStorage.removeItem(key);
  if ((await tf.io.listModels())[url]) await tf.io.removeModel(url);
}
