import { analyzeRangeTest, fitToCycles, rangeTest, sgd, triangular } from '@clr/core';
import { createTrainer, dense, network, tanh } from '@clr/webgpu';
import { batchesOf, spirals } from './spirals.ts';

/** The result of {@link trainSpirals}. */
export interface SpiralResult {
  readonly baseLr: number;
  readonly maxLr: number;
  readonly steps: number;
  readonly accuracy: number;
  readonly picture: string;
}

/** Finds the learning rates, trains with them in a few large submissions, and draws what was learnt. */
export async function trainSpirals(device: GPUDevice, say: (line: string) => void): Promise<SpiralResult> {
  const data = spirals(512);
  const batches = batchesOf(data, 64);
  const net = network({
    input: [2],
    layers: [dense({ units: 32 }), tanh(), dense({ units: 32 }), tanh(), dense({ units: 2 })],
    loss: 'crossEntropy',
  });
  const optimizer = sgd({ momentum: 0.9 });

  say('Range test: 150 steps, the rate from 0.001 to 10');
  const scout = await createTrainer(device, net, { optimizer, batch: 64, seed: 1 });
  const finding = analyzeRangeTest(
    await rangeTest(scout, batches, { startLr: 1e-3, endLr: 10, steps: 150, spacing: 'exponential' }),
  );
  await scout.dispose();
  const { baseLr, maxLr } = finding.suggestion ?? { baseLr: 0.02, maxLr: 0.2 };
  say(
    finding.suggestion
      ? `  baseLr ${baseLr.toPrecision(3)}, maxLr ${maxLr.toPrecision(3)}`
      : `  no suggestion (${finding.reasons.join('; ')}): taking ${baseLr} … ${maxLr}`,
  );

  const policy = triangular({ baseLr, maxLr, stepSize: 150 });
  const steps = fitToCycles(policy, 1800);
  say(`Training: ${steps} steps, ${steps / 300} cycles, 300 steps to a submission`);
  const trainer = await createTrainer(device, net, { optimizer, policy, batch: 64, seed: 1 });
  trainer.setData(data);
  for (let step = 0; step < steps; step += 300) {
    const { losses } = await trainer.trainSteps(Math.min(300, steps - step));
    say(`  step ${String(step + losses.length).padStart(5)}  loss ${losses.at(-1)?.toFixed(4)}`);
  }
  const { accuracy = 0 } = await trainer.evaluate(batches);
  const picture = await draw((points) => trainer.predict(points));
  await trainer.dispose();
  return { baseLr, maxLr, steps, accuracy, picture };
}

/** Draws the network's predictions over the plane. */
async function draw(predict: (points: Float32Array) => Promise<Float32Array>): Promise<string> {
  const [rows, columns] = [21, 42];
  const points = new Float32Array(rows * columns * 2);
  for (let index = 0; index < rows * columns; index++) {
    points[index * 2] = (2 * (index % columns)) / (columns - 1) - 1;
    points[index * 2 + 1] = 1 - (2 * Math.floor(index / columns)) / (rows - 1);
  }
  const logits = await predict(points);
  return Array.from({ length: rows }, (_, row) =>
    Array.from({ length: columns }, (_, column) => {
      const at = (row * columns + column) * 2;
      return (logits[at] ?? 0) > (logits[at + 1] ?? 0) ? '█' : '·';
    }).join(''),
  ).join('\n');
}
