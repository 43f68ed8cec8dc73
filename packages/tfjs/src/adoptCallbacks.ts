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
 * For each patched copy of tfjs, our callbacks by their `onTrainBegin`, which identifies a callback that tfjs has
 * wrapped.
 */
const adopted = new WeakMap<object, WeakMap<object, Listed>>();

/**
 * Makes a callback work at any position in a list. tfjs looks only at the first entry. After a plain object it
 * would wrap our callback and never give it the model. Before a plain object it would leave that unwrapped and
 * crash (tensorflow/tfjs#1792). So the list is repaired when `fit` passes it on. Only lists that hold one of
 * our callbacks are changed.
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
      received: 'one without some of them',
      advice: 'Pass the whole of @tensorflow/tfjs as the option tf.',
    });
  }
  const ours = adopted.get(list) ?? teach(list, CustomCallback);
  ours.set(callback.onTrainBegin, callback);
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
    if (this.callbacks.some((entry) => unwrap(entry) !== undefined)) {
      this.callbacks = this.callbacks.map(
        (entry) => unwrap(entry) ?? (entry.setParams ? entry : wrap(entry)),
      );
      // This callback yields to the page during training. Without callbacks, tfjs adds one as well.
      if (!this.callbacks.some((entry) => entry instanceof CustomCallback)) {
        this.callbacks.push(wrap({}));
      }
    }
    return setParams.call(this, params);
  };
  return ours;
}
