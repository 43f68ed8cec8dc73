import type * as tfjs from '@tensorflow/tfjs';
import { fail } from './errors.ts';

/** The part of tfjs that a callback needs. */
export type CallbackClasses = Pick<
  typeof tfjs,
  'Callback' | 'CallbackList' | 'CustomCallback' | 'LayersModel'
>;

/** The entries of a callback list of tfjs: callbacks, plain objects that it forgot to wrap, and wrapped ones. */
interface Listed {
  readonly setParams?: unknown;
  readonly onTrainBegin?: unknown;
  readonly trainBegin?: unknown;
}

/**
 * For each copy of tfjs that was taught, our callbacks by their `onTrainBegin`, by which one is known again
 * when tfjs has wrapped it.
 */
const adopted = new WeakMap<object, WeakMap<object, Listed>>();

/**
 * Makes a callback work wherever it is listed. tfjs looks at the first entry only: after a plain object it
 * would wrap ours and never tell it the model; before a plain object it would not wrap that and crash
 * (tensorflow/tfjs#1792). So the list is put right when `fit` hands it over, and only lists that hold one of
 * ours are touched.
 */
export function adoptCallback(
  { CallbackList, CustomCallback, LayersModel }: CallbackClasses,
  callback: tfjs.Callback,
): void {
  const list = CallbackList?.prototype as unknown as { setParams(params: unknown): void };
  const known = [list?.setParams, CustomCallback, LayersModel?.prototype.save];
  if (known.some((each) => typeof each !== 'function')) {
    throw fail({
      expected:
        'tf to have the classes Callback, CallbackList, CustomCallback and LayersModel, as in tfjs 4.0 to 4.22',
      received: 'one that lacks some',
      advice: 'Pass the whole of @tensorflow/tfjs as the option tf.',
    });
  }
  const ours = adopted.get(list) ?? teach(list, CustomCallback);
  ours.set(callback.onTrainBegin, callback);
}

/** Makes `fit` put lists right that hold one of the callbacks in the map that this gives back. */
function teach(
  list: { setParams(params: unknown): void },
  CustomCallback: CallbackClasses['CustomCallback'],
): WeakMap<object, Listed> {
  const ours = new WeakMap<object, Listed>();
  adopted.set(list, ours);

  const unwrap = (entry: Listed): Listed | undefined =>
    ours.get((entry.trainBegin ?? entry.onTrainBegin) as object);
  const wrap = (entry: object): Listed => new CustomCallback(entry, 'auto') as unknown as Listed;
  const setParams = list.setParams;
  list.setParams = function (this: { callbacks: Listed[] }, params) {
    if (this.callbacks.some((entry) => unwrap(entry) !== undefined)) {
      this.callbacks = this.callbacks.map(
        (entry) => unwrap(entry) ?? (entry.setParams ? entry : wrap(entry)),
      );
      // It is such a callback that lets the page breathe during training; without any, tfjs adds one too.
      if (!this.callbacks.some((entry) => entry instanceof CustomCallback)) {
        this.callbacks.push(wrap({}));
      }
    }
    return setParams.call(this, params);
  };
  return ours;
}
