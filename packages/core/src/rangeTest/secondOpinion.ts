import { type Dynamics, summarize } from './batchSharpness.ts';
import { sharpnessWindow } from './calibration.ts';
import { showNumber } from './describe.ts';
import type { RangeTestTrace } from './trace.ts';

/** Describes the edge that batch sharpness predicts, if it was measured, in one sentence. */
export function secondOpinion(
  { sharpness, momentum }: RangeTestTrace,
  edge: number,
  dynamics: Dynamics,
): string[] {
  const near = sharpness?.filter(({ lr }) => lr <= edge && lr >= edge / sharpnessWindow.near) ?? [];
  if (near.length === 0) return [];
  const values = near.map((point) => point.sharpness);
  const { mean, edgeLr } = summarize(values, { momentum, ...dynamics });
  if (!(mean > 0)) return ['Batch sharpness shows no edge: the loss does not curve up along the update.'];
  if (!edgeLr) return [];
  const [low, high] = edgeLr;
  const place =
    low === high ? `near ${showNumber(low)}` : `between ${showNumber(low)} and ${showNumber(high)}`;
  return [`Batch sharpness predicts the edge ${place}, ${beside(low, high, edge)}.`];
}

function beside(low: number, high: number, edge: number): string {
  const factor = Math.max(low / edge, edge / high);
  if (factor <= 1) return 'around the sweep’s';
  return `a factor ${factor.toPrecision(2)} ${low > edge ? 'above' : 'below'} the sweep’s`;
}
