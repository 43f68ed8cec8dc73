import type { ConvForm } from '../../graph/convForm.ts';
import type { Ops } from '../../graph/ops.ts';

/** The padded input, or the input itself if there is no padding. */
export function padded(b: Ops, x: string, { pads, axes }: ConvForm): string {
  if (pads.every((pad) => pad === 0)) return x;
  const [before, after] = [pads.slice(0, axes), pads.slice(axes)];
  return b.emit('Pad', [x, b.ints([0, 0, ...before, 0, 0, ...after])]);
}
