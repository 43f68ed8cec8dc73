import type * as tfjs from '@tensorflow/tfjs';

/** The Sequential around each model that tfjs made inside one. */
const outers = new WeakMap<object, tfjs.LayersModel>();
const patched = new WeakSet<object>();

/** `model` is private there. */
interface Outer {
  readonly model?: object;
}
type Fit = (this: Outer, ...args: unknown[]) => unknown;

/**
 * Notes which Sequential each training belongs to. `Sequential.fit` hands over to a model inside, which is
 * what callbacks are told, and metadata set on that one is not saved.
 */
export function watchSequential({ Sequential }: Pick<typeof tfjs, 'Sequential'>): void {
  const methods = Sequential?.prototype as unknown as Record<'fit' | 'fitDataset', Fit> | undefined;
  if (methods === undefined || patched.has(methods)) return;
  patched.add(methods);
  for (const name of ['fit', 'fitDataset'] as const) {
    const method = methods[name];
    methods[name] = function (...args) {
      if (this.model !== undefined) outers.set(this.model, this as tfjs.LayersModel);
      return method.apply(this, args);
    };
  }
}

/** The model that the user knows, for the one that a callback was told. */
export function outerModel(model: tfjs.LayersModel): tfjs.LayersModel {
  return outers.get(model) ?? model;
}
