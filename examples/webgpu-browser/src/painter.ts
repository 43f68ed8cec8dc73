import {
  adam,
  analyzeRangeTest,
  type RangeTestFinding,
  type RangeTestTrace,
  rangeTest,
  type TriangularPolicy,
  triangular,
} from '@clr/core';
import { type Batch, createTrainer, dense, type GpuTrainer, network, relu, sigmoid } from '@clr/webgpu';
import { side } from './pictures.ts';

/** The number of waves per axis. They have 1, 2, 4, 8 and 16 half periods, and let a small network draw sharp edges. */
const waves = 5;
const features = 2 + 4 * waves;
const batch = 768;

const net = network({
  input: [features],
  layers: [dense({ units: 64 }), relu(), dense({ units: 64 }), relu(), dense({ units: 3 }), sigmoid()],
  loss: 'mse',
});

/** The network's input for each pixel: its position, and the values of the waves there. */
export const positions: Float32Array = Float32Array.from(
  Array.from({ length: side * side }, (_, pixel) => {
    const place = [(2 * (pixel % side)) / (side - 1) - 1, (2 * Math.floor(pixel / side)) / (side - 1) - 1];
    return place.flatMap((x) => [
      x,
      ...Array.from({ length: waves }, (_, k) => [
        Math.sin(2 ** k * Math.PI * 0.5 * x),
        Math.cos(2 ** k * Math.PI * 0.5 * x),
      ]).flat(),
    ]);
  }).flat(),
);

/** A trainer for a picture under a policy. */
export async function createPainter(
  device: GPUDevice,
  colours: Float32Array,
  policy: TriangularPolicy,
): Promise<GpuTrainer> {
  const painter = await createTrainer(device, net, {
    optimizer: adam(),
    policy,
    batch,
    seed: 1,
    tile: 'measure',
  });
  painter.setData({ input: positions, target: colours });
  return painter;
}

/** Runs a range test on a new network and returns the suggested policy. */
export async function findPolicy(
  device: GPUDevice,
  colours: Float32Array,
  steps: number,
  onStep: (step: number) => void,
): Promise<{ policy: TriangularPolicy; trace: RangeTestTrace; finding: RangeTestFinding }> {
  const scout = await createTrainer(device, net, { optimizer: adam(), batch, seed: 1 });
  const options = { startLr: 1e-4, endLr: 1, steps, spacing: 'exponential' } as const;
  const trace = await rangeTest(scout, mixedBatches(colours), {
    ...options,
    onStep: ({ step }) => onStep(step),
  });
  scout.dispose();
  const finding = analyzeRangeTest(trace);
  const { baseLr, maxLr } = finding.suggestion ?? { baseLr: 0.001, maxLr: 0.01 };
  return { policy: triangular({ baseLr, maxLr, stepSize: 60 }), trace, finding };
}

/** Batches of pixels that are spread over the whole picture. */
function mixedBatches(colours: Float32Array): Batch[] {
  const count = side * side;
  return Array.from({ length: Math.floor(count / batch) }, (_, index) => {
    const chosen = Array.from({ length: batch }, (_, row) => ((index * batch + row) * 5261) % count);
    return {
      input: gather(positions, chosen, features),
      target: gather(colours, chosen, 3),
    };
  });
}

function gather(source: Float32Array, rows: readonly number[], width: number): Float32Array {
  const result = new Float32Array(rows.length * width);
  rows.forEach((row, index) => {
    result.set(source.subarray(row * width, (row + 1) * width), index * width);
  });
  return result;
}
