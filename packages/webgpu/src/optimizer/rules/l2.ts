import { f32 } from '../../device/wgsl.ts';

/** Weight decay as L2, that is, as a part of the gradient. */
export function l2(weightDecay: number): string {
  return weightDecay > 0 ? `g = g + ${f32(weightDecay)} * w;\n` : '';
}
