import { expect, test } from 'vitest';
import { dAdaptAdam, dAdaptSgd } from './dAdaptation.ts';
import { dog } from './dog.ts';
import type { Peer } from './peer.ts';
import { prodigy } from './prodigy.ts';
import { scheduleFreeAdamW, scheduleFreeSgd } from './scheduleFree.ts';

/** The gradient of a quadratic function of three numbers. */
function gradient([a = 0, b = 0, c = 0]: Iterable<number>): Float64Array {
  return Float64Array.from([3 * a + b - 1, a + 2 * b - 0.5 * c + 2, -0.5 * b + c - 0.5]);
}

function descend(peer: Peer, steps: number): { x: number[]; answer: number[] } {
  const x = Float64Array.from([0.5, -0.25, 1]);
  // The schedule spans 40 steps, but only the first `steps` of them are compared.
  const state = peer.begin(x, 40, false);
  for (let step = 0; step < steps; step++) state.step(x, gradient([...x]));
  return { x: [...x], answer: [...(state.answer?.() ?? x)] };
}

// The authors' own update rules in PyTorch (float64), with the same schedules, gave these numbers.
test.each([
  [
    scheduleFreeSgd,
    8,
    [0.8493326753596782, -1.4924064103745271, -0.29457107400221916],
    [0.8372518641664605, -1.5077590988502136, -0.30206975956621224],
  ],
  [
    scheduleFreeAdamW,
    8,
    [0.48740472143926594, -0.26310486577221764, 0.9868664537613534],
    [0.4868921819712769, -0.26365933895640625, 0.986309685899534],
  ],
  [
    dog,
    8,
    [0.4999958035406194, -0.25002518006852364, 0.9999895081371923],
    [0.4999949911505796, -0.25003005486595004, 0.9999874769132093],
  ],
  [prodigy, 20, [0.900225138027263, -1.3913693163211307, 0.0571039216964529]],
  [dAdaptSgd, 20, [0.4996595750932007, -0.25204763541167446, 0.9991461689394506]],
  [dAdaptAdam, 20, [0.17338101702041686, -1.9082694949920158, 2.7669425391784346]],
] as const)('$name takes the same steps as the code of its authors', (peer, steps, answer, x = answer) => {
  const found = descend(peer, steps);
  for (const [i, value] of answer.entries()) expect(found.answer[i]).toBeCloseTo(value, 12);
  for (const [i, value] of x.entries()) expect(found.x[i]).toBeCloseTo(value, 12);
});

test('DoG begins with larger steps for a net with batch normalisation', () => {
  const x = Float64Array.from([0, 0, 3]);
  dog.begin(x, 40, true).step(x, Float64Array.from([0, 4, 0]));
  // 1e-4 · (1 + 3) / √(16 + 1e-8) · 4
  expect(x[1]).toBeCloseTo(-4e-4, 12);
});
