/**
 * Execution providers for which clr emits different forms. A model for `'any'` runs correctly on every provider except
 * WebGPU. On `'cpu'`, products by 0 or 1 are exact. Other providers may round the factors (TF32).
 */
export type Provider = 'any' | 'cpu' | 'webgpu';

/** The provider and the channel blocks for which a model is written. */
export interface Target {
  readonly provider: Provider;
  /**
   * The number of channels in a block of the runtime's NCHWc layout on this processor: 8 or 16. It is 1 if the
   * runtime has no such layout.
   */
  readonly channelBlock: number;
}

/** The targets for which a form is used. */
export type Where = 'everywhere' | 'cpu' | 'webgpu' | 'not webgpu' | 'blocks';

export function isFor(where: Where, { provider, channelBlock }: Target): boolean {
  if (where === 'not webgpu') return provider !== 'webgpu';
  if (where === 'blocks') return channelBlock > 1;
  return where === 'everywhere' || where === provider;
}
