// Runs in every runtime with the packed packages. Hashes the bits of the schedules, which runtimes.mjs compares between
// runtimes, and runs all checks of the conformance kit.

import { referenceSubject, trainableChecks } from '@clr/conformance';
import { cosineRestarts, decay, expRange, oneCycle, sampleSchedule, triangular2, wsd } from '@clr/core';

const bounds = { baseLr: 0.001, maxLr: 0.006, stepSize: 200 };
const policies = [
  triangular2({ ...bounds, window: 'hann' }),
  expRange({ ...bounds, gamma: 0.999 }),
  oneCycle({ maxLr: 0.1, totalSteps: 900 }),
  cosineRestarts({ baseLr: 0, maxLr: 0.1, firstCycle: 100, cycleMultiplier: 2 }),
  decay({ maxLr: 0.1, steps: 900, shape: 'cosine' }),
  wsd({ maxLr: 0.1, steps: 300, cycles: 3 }),
];
let hash = 0x811c9dc5;
for (const policy of policies) {
  const { buffer } = sampleSchedule(policy, { steps: 1000 });
  for (const byte of new Uint8Array(buffer)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
}
const checks = trainableChecks(referenceSubject).filter(({ skipped }) => skipped === undefined);
for (const { run } of checks) await run();
globalThis.said = `${checks.length} checks, schedules ${hash.toString(16)}`;
console.log(globalThis.said);
