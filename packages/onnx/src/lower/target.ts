/**
 * Execution providers for which clr emits different forms. `'any'` means all but WebGPU; on `'cpu'` products by 0 or 1
 * are exact, which others round (TF32).
 */
export type Provider = 'any' | 'cpu' | 'webgpu';

/** What a model is written for. */
export interface Target {
  readonly provider: Provider;
  /** How many channels the runtime's NCHWc layout takes as one on this processor: 8 or 16; 1 for no such layout. */
  readonly channelBlock: number;
}

/** The targets that a form is for. */
export type Where = 'everywhere' | 'cpu' | 'webgpu' | 'not webgpu' | 'blocks';

export function isFor(where: Where, { provider, channelBlock }: Target): boolean {
  if (where === 'not webgpu') return provider !== 'webgpu';
  if (where === 'blocks') return channelBlock > 1;
  return where === 'everywhere' || where === provider;
}
