import { type AutoClrOptions, autoClr, train, triangular } from '@clr/core';
import { describe, expect, it } from 'vitest';
import { type ReferenceBatch, type ReferenceTrainable, referenceTrainable } from '../src/index.ts';

const features = 6;
const classes = 4;

/** Uniform numbers in [0, 1), the same in every run. */
function uniform(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/**
 * Batches of points around a centre for each class, with standard deviation `noise`. Each `task` has its own centres.
 */
function batchesOf(count: number, seed: number, { task = 0, noise = 0.5, randomLabels = false } = {}) {
  const next = uniform(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  return Array.from({ length: count }, (): ReferenceBatch => {
    const labels = Array.from({ length: 32 }, () => Math.floor(next() * classes));
    return {
      features: labels.map((label) =>
        Array.from({ length: features }, (_, axis) => {
          const centre = Math.sin(7 * label + 3 * axis + task) * 2;
          return centre + noise * normal();
        }),
      ),
      classes: randomLabels ? labels.map(() => Math.floor(next() * classes)) : labels,
    };
  });
}

const batches = batchesOf(30, 1);
const validation = batchesOf(20, 2);
const fresh = () => referenceTrainable({ features, classes, momentum: 0.9 });

async function trained(steps: number): Promise<ReferenceTrainable> {
  const model = fresh();
  await train(model, batches, {
    policy: triangular({ baseLr: 0.002, maxLr: 0.02, stepSize: steps / 2 }),
    steps,
  });
  return model;
}

const auto = (model: ReferenceTrainable, more: Partial<AutoClrOptions<ReferenceBatch>> = {}) =>
  autoClr(model, batches, { steps: 300, validation, ...more });

describe('autoClr on a model that is already trained', () => {
  it('tries each rate separately, says why, and does not make the model worse', async () => {
    const model = await trained(400);
    const start = await model.evaluate(validation);
    expect(start.accuracy).toBeGreaterThan(0.8);
    const { trace, finding, best } = await auto(model);
    expect(trace.updatesPerRate).toBe(5);
    expect(trace.baseline!.loss).toBeGreaterThan(0);
    expect(finding.reasons[0]).toMatch(
      /^The model is already trained: accuracy 0\.\d+ at a loss of 0\.\d+ before any step/,
    );
    const end = await model.evaluate(validation);
    expect(end.accuracy).toBeGreaterThanOrEqual(start.accuracy!);
    if (best) expect(best.accuracy).toBe(end.accuracy);
  });

  it('trains the model for another task and ends with a better loss and accuracy', async () => {
    const model = await trained(400);
    const moved = { batches: batchesOf(30, 3, { task: 0.4 }), validation: batchesOf(20, 4, { task: 0.4 }) };
    const start = await model.evaluate(moved.validation);
    const { finding, best } = await autoClr(model, moved.batches, {
      steps: 300,
      validation: moved.validation,
    });
    expect(finding.suggestion).not.toBeNull();
    expect(best!.loss).toBeLessThan(start.loss);
    expect(best!.accuracy).toBeGreaterThan(start.accuracy!);
  });

  it('sweeps a fresh model, does not call it already trained, and trains it well', async () => {
    const { trace, finding, best } = await auto(fresh());
    expect(trace.updatesPerRate).toBeUndefined();
    expect(finding.reasons.join()).not.toContain('already trained');
    expect(best!.accuracy).toBeGreaterThan(0.85);
  });

  it('sweeps a model that guesses random labels, because it has learned nothing', async () => {
    const noise = batchesOf(30, 5, { randomLabels: true });
    const model = fresh();
    const { trace } = await autoClr(model, noise, { steps: 300, validation: noise });
    expect(trace.updatesPerRate).toBeUndefined();
  });

  it('tries each rate separately on a fresh model if `updatesPerRate` is set', async () => {
    const { trace, finding } = await auto(fresh(), { updatesPerRate: 3 });
    expect(trace.updatesPerRate).toBe(3);
    expect(finding.reasons.join()).not.toContain('already trained');
  });
});
