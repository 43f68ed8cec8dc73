import type * as tfjs from '@tensorflow/tfjs';
import { fail } from './errors.ts';

/** The part of tfjs that a callback needs. */
export type CallbackClasses = Pick<
  typeof tfjs,
  'Callback' | 'CallbackList' | 'CustomCallback' | 'LayersModel'
>;

/** An entry of tfjs's callback list: a callback, a plain object that tfjs forgot to wrap, or a wrapped one. */
interface Listed {
  readonly setParams?: unknown;
  readonly onTrainBegin?: unknown;
  readonly trainBegin?: unknown;
}

/**
 * For each patched copy of tfjs, our callbacks by their `onTrainBegin`, which identifies a callback that tfjs has
 * wrapped.
 */
const adopted = new WeakMap<object, WeakMap<object, Listed>>();

/**
 * Makes a callback work at any position in a list. tfjs looks only at the first entry. If that is a plain object, tfjs
 * wraps all entries, and our callback never gets the model. If that is a callback, tfjs leaves plain objects unwrapped
 * and crashes (tensorflow/tfjs#1792). So this repairs the list when `fit` calls its `setParams`. It changes only lists
 * that hold one of our callbacks.
 */
export function adoptCallback(
  { CallbackList, CustomCallback }: CallbackClasses,
  callback: tfjs.Callback,
): void {
  const list = CallbackList.prototype as unknown as { setParams(params: unknown): void };
  const ours = adopted.get(list) ?? teach(list, CustomCallback);
  ours.set(callback.onTrainBegin, callback);
}

/** Refuses a tfjs without the classes that a callback needs. */
export function checkClasses(tf: CallbackClasses): void {
  const { Callback, CallbackList, CustomCallback, LayersModel } = Object(tf) as Partial<CallbackClasses>;
  const list = CallbackList?.prototype as { setParams?: unknown } | undefined;
  const known = [Callback, list?.setParams, CustomCallback, LayersModel?.prototype.save];
  if (known.every((each) => typeof each === 'function')) return;
  throw fail({
    expected:
      'tf to have the classes Callback, CallbackList, CustomCallback and LayersModel, as in tfjs 4.0 to 4.22',
    received: 'a tf that lacks some of them',
    advice: 'Pass the whole of @tensorflow/tfjs as the option tf.',
  });
}

/** Makes `fit` repair lists that hold one of the callbacks in the returned map. */
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
    const count = this.callbacks.filter((entry) => unwrap(entry) !== undefined).length;
    if (count > 1) {
      throw fail({
        expected: 'one callback of cyclicLR in the list',
        received: `${count}`,
        advice: 'Only the last one would set the rate. To train in stages, use the policy sequence([…]).',
      });
    }
    if (count === 1) {
      this.callbacks = this.callbacks.map(
        (entry) => unwrap(entry) ?? (entry.setParams ? entry : wrap(entry)),
      );
      // A CustomCallback keeps the page responsive during training. tfjs itself adds an empty one if `fit` got no
      // callbacks.
      if (!this.callbacks.some((entry) => entry instanceof CustomCallback)) {
        this.callbacks.push(wrap({}));
      }
    }
    return setParams.call(this, params);
  };
  return ours;
}
