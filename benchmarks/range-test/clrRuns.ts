/**
 * CLR with the bounds that the range test suggests, for every setting and seed, in the budget of the fixed rates:
 * autoClr's plan, and as many plain cycles; against the best fixed rate with the same weights and batches. Appends to
 * traces/clr.jsonl (one line a run) and prints the comparison. Run it again after a change in the analysis: only
 * runs whose bounds changed are trained again. `--print` trains nothing.
 *
 * npx tsx range-test/clrRuns.ts [--held-out] [--only name] [--seconds 240] [--print]
 */
import { appendFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Policy, planCycles, toSchedule, triangular } from '@clr/core';
import { trainPolicy } from './fixedRun.ts';
import { findByDefault } from './replay.ts';
import { type Setting, seeds, settings } from './settings.ts';
import { readAdaptive, readLines, readTruths, type Truth } from './store.ts';
import { createTask } from './task.ts';
import { verdictOf } from './truth.ts';

const policies = ['plan', 'triangular'] as const;

interface ClrRun {
  readonly setting: string;
  readonly seed: number;
  readonly policy: (typeof policies)[number];
  readonly baseLr: number;
  readonly maxLr: number;
  readonly accuracy: number;
}

type Bounds = Pick<ClrRun, 'baseLr' | 'maxLr'>;

const path = new URL('./traces/clr.jsonl', import.meta.url);
const { values } = parseArgs({
  options: {
    'held-out': { type: 'boolean' },
    only: { type: 'string', default: '' },
    seconds: { type: 'string' },
    print: { type: 'boolean' },
  },
});

/** What autoClr trains, or the plain cycles of the same length; either ends at a trough. */
function planOf(
  policy: ClrRun['policy'],
  budget: number,
  bounds: Bounds,
): { readonly policy: Policy; readonly steps: number } {
  const plan = planCycles({ ...bounds, steps: budget });
  const { steps } = plan;
  return policy === 'plan' ? plan : { policy: triangular({ ...bounds, stepSize: steps / 10 }), steps };
}

/** The bounds as three digits: a re-run with the same analysis finds its runs again. */
async function boundsOf(setting: Setting, seed: number): Promise<Bounds | null> {
  const { suggestion } = (await findByDefault(readAdaptive(setting.name), seed)).finding;
  if (!suggestion) return null;
  const { baseLr, maxLr } = suggestion;
  return { baseLr: Number(baseLr.toPrecision(3)), maxLr: Number(maxLr.toPrecision(3)) };
}

const until = Date.now() + 1000 * Number(values.seconds ?? Number.POSITIVE_INFINITY);
const known = readLines<ClrRun>(path);
const truths = readTruths().filter((truth) => truth.setting.includes(values.only));
/** `gain` is `null` where the bounds were refused, absent where nothing was trained yet. */
const rows: { truth: Truth; policy: ClrRun['policy']; gain?: number | null }[] = [];
for (const truth of truths) {
  if (truth.heldOut !== (values['held-out'] === true)) continue;
  const setting = settings.find(({ name }) => name === truth.setting)!;
  const best = verdictOf(truth).best.seeds;
  for (const seed of seeds) {
    const bounds = await boundsOf(setting, seed);
    const task = bounds && !values.print && Date.now() < until ? await createTask(setting, seed) : null;
    for (const policy of policies) {
      const old = known.find(
        (run) =>
          run.setting === setting.name &&
          run.seed === seed &&
          run.policy === policy &&
          run.baseLr === bounds?.baseLr &&
          run.maxLr === bounds.maxLr,
      );
      let accuracy = old?.accuracy ?? null;
      if (bounds && task && accuracy === null) {
        const plan = planOf(policy, setting.budget, bounds);
        const schedule = toSchedule(plan.policy);
        accuracy = await trainPolicy(task, {
          lr: (step) => schedule.lr(step),
          steps: plan.steps,
          order: 100 * seed + 50,
        });
        appendFileSync(
          path,
          `${JSON.stringify({ setting: setting.name, seed, policy, ...bounds, accuracy })}\n`,
        );
      }
      if (accuracy !== null) rows.push({ truth, policy, gain: accuracy - best[seeds.indexOf(seed)]! });
      else rows.push({ truth, policy, ...(bounds ? {} : { gain: null }) });
    }
    await task?.trainer.dispose();
  }
  const gains = rows.filter((row) => row.truth === truth);
  const show = (policy: ClrRun['policy']): string =>
    gains
      .filter((row) => row.policy === policy)
      .map(({ gain }) => (typeof gain === 'number' ? (100 * gain).toFixed(1) : '–'))
      .join(', ');
  console.log(`${truth.setting}: ${policies.map((policy) => `${policy} ${show(policy)}`).join('; ')}`);
}
for (const policy of policies) {
  const runs = rows.filter((row) => row.policy === policy && row.gain !== undefined);
  const good = runs.filter(({ gain }) => typeof gain === 'number' && gain >= -0.005);
  const gains = runs.flatMap(({ gain }) => gain ?? []);
  const mean = (100 * gains.reduce((sum, gain) => sum + gain, 0)) / gains.length;
  console.log(
    `${policy}: ${good.length} of ${runs.length} runs reach the best fixed rate's accuracy less 0.5 points; ` +
      `${mean.toFixed(1)} points above it on average`,
  );
}
