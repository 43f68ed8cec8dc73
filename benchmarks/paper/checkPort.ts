/**
 * Compares the port of the quick net with PyTorch's numbers: eight losses under triangular2, and how far each tensor
 * moved in three updates. A wrong port differs by 0.37 or more. Examples of mistakes are the rate outside the velocity,
 * biases that learn at the normal rate, an average pool that always divides by 9, and a mean per channel. The
 * tolerances allow the rounding differences of correct ports.
 *
 * npx tsx paper/checkPort.ts
 */
import { sgd, toSchedule, triangular2 } from '@clr/core';
import { loadCifar } from './data.ts';
import { createNet } from './net.ts';

const losses = [2.302328, 2.302719, 2.298392, 2.288893, 2.261296, 2.31302, 2.257866, 2.223795];
const moved: Readonly<Record<string, number>> = {
  'conv1.weight': 0.010402041,
  'conv1.bias': 4.239e-5,
  'conv2.weight': 4.58936e-4,
  'conv2.bias': 1.88716e-4,
  'conv3.weight': 5.55025e-4,
  'conv3.bias': 1.55956e-3,
  'ip1.weight': 7.74318e-4,
  'ip1.bias': 7.51832e-4,
  'ip2.weight': 9.8771e-5,
  'ip2.bias': 8.79319e-4,
};
// Rounding differences grow from step to step. At step 40 two correct programs differ by 0.1.
const tolerance = { loss: (step: number) => (step < 5 ? 2e-4 : 2e-3), moved: 1.5e-2 };

const trainer = await createNet({
  net: 'quick',
  seed: 1,
  optimizer: sgd({ momentum: 0.9, weightDecay: 0.004, velocity: 'update' }),
});
const { lr } = toSchedule(triangular2({ baseLr: 0.001, maxLr: 0.006, stepSize: 10 }));
const batches = (await loadCifar()).batches(100);
const start = await trainer.parameters();
const wrong: string[] = [];
const compare = (what: string, value: number, right: number, allowed: number): void => {
  const off = Math.abs(value - right) / allowed;
  console.log(`${what.padEnd(14)} ${value.toPrecision(7).padStart(12)}  PyTorch ${right}`);
  if (!(off <= 1)) wrong.push(what);
};
for (const [step, right] of losses.entries()) {
  const loss = await (await trainer.trainStep(batches.next().value, { lr: lr(step) })).loss;
  compare(`loss ${step + 1}`, loss, right, tolerance.loss(step));
  if (step !== 2) continue;
  const now = await trainer.parameters();
  for (const [name, distance] of Object.entries(moved)) {
    const [to, from] = [now.get(name)!.data, start.get(name)!.data];
    const squared = to.reduce((sum, value, i) => sum + (value - from[i]!) ** 2, 0);
    compare(name, Math.sqrt(squared), distance, tolerance.moved * distance);
  }
}
await trainer.dispose();
console.log(wrong.length > 0 ? `Wrong: ${wrong.join(', ')}` : 'All 18 numbers agree.');
process.exitCode = wrong.length > 0 ? 1 : 0;
