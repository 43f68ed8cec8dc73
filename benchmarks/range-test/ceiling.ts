/**
 * Measures how well a range test can predict the best fixed rate. It predicts the distance of this rate below the edge
 * from the kind of update and one feature of the curve. The prediction for a setting is fitted on all other settings.
 * The script trains no model.
 *
 * npx tsx range-test/ceiling.ts
 */
import { updateKindOf } from '@clr/core';
import { findByDefault, replayAdaptive } from './replay.ts';
import { seeds, settings } from './settings.ts';
import { readAdaptive, readTruths } from './store.ts';
import { verdictOf } from './truth.ts';

interface Run {
  readonly setting: string;
  readonly kind: string;
  /** Like `kind`, but RMSProp and Adam are different kinds. */
  readonly finerKind: string;
  /**
   * The rates with nearly the best accuracy (the band of truth.ts), from the lowest to the highest, in decades from the
   * edge.
   */
  readonly band: readonly [low: number, high: number];
  /** How far the best rate is shifted by the length of the training, in decades. */
  readonly byLength: number;
  readonly features: Readonly<Record<string, number>>;
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** The running mean over ten values. */
const smoothed = (values: readonly number[]): number[] =>
  values.slice(9).map((_, i) => mean(values.slice(i, i + 10)));

async function runs(): Promise<Run[]> {
  const found: Run[] = [];
  for (const truth of readTruths()) {
    const setting = settings.find(({ name }) => name === truth.setting)!;
    const { band } = verdictOf(truth);
    for (const seed of seeds) {
      const stored = readAdaptive(truth.setting).filter((one) => one.seed === seed && !one.randomLabels);
      const { finding } = await findByDefault(stored, seed, truth.budget);
      if (finding.edgeLr === null) continue;
      const edge = Math.log10(finding.edgeLr);
      const { points } = await replayAdaptive(stored.find(({ steps }) => steps === 200)!);
      const finite = points.filter(({ loss }) => loss !== null);
      const losses = smoothed(finite.map(({ loss }) => loss!));
      const low = losses.indexOf(Math.min(...losses));
      const start = losses[0]!;
      const depth = start - losses[low]!;
      const noise = Math.sqrt(
        mean(finite.slice(1, 80).map(({ loss }, i) => (loss! - finite[i]!.loss!) ** 2 / 2)),
      );
      const rateAt = (share: number): number => {
        const i = losses.findIndex((loss) => loss <= start - share * depth);
        return Math.log10(finite[i + 5]!.lr) - edge;
      };
      const kind = updateKindOf(setting.optimizer);
      found.push({
        setting: truth.setting,
        kind,
        finerKind: setting.optimizer.type === 'rmsProp' ? 'rmsProp' : kind,
        band: [Math.log10(band[0]) - edge, Math.log10(band[1]) - edge],
        byLength: -0.35 * Math.log10(truth.budget / 500),
        features: {
          'fall of the loss in the sweep, as a share of its start': depth / Math.abs(start),
          'noise of a batch': noise / Math.abs(start),
          'depth of the fall, in units of the noise': Math.log10(depth / noise),
          'rate at a tenth of the fall': rateAt(0.1),
          'rate at half of the fall': rateAt(0.5),
          'rate at nine tenths of the fall': rateAt(0.9),
          'rate at the lowest loss': rateAt(1),
          'best accuracy in the sweep': Math.max(...smoothed(points.map(({ accuracy }) => accuracy ?? 0))),
          'batch size': Math.log10(setting.batch),
          'length of the training': Math.log10(truth.budget),
        },
      });
    }
  }
  return found;
}

const range = (from: number, to: number, by: number): number[] =>
  Array.from({ length: Math.round((to - from) / by) + 1 }, (_, i) => from + i * by);

/** The score of a distance: 1 inside the band. Outside it is negative, and lower the farther away the band is. */
function worth({ band: [low, high], byLength }: Run, below: number): number {
  const at = below + byLength;
  const beyond = Math.max(low - at, at - high, 0);
  return beyond < 1e-3 ? 1 : -0.3 * Math.min(beyond, 1);
}

/** The share of the runs in band. Each setting is predicted from the others. */
function leftOut(all: readonly Run[], kindOf: (run: Run) => string, feature?: string): number {
  const values = all.map(({ features }) => (feature === undefined ? 0 : features[feature]!));
  const [center, spread] = [mean(values), Math.sqrt(mean(values.map((v) => (v - mean(values)) ** 2))) || 1];
  const rows = all.map((run, i) => ({ run, value: (values[i]! - center) / spread, kind: kindOf(run) }));
  const slopes = feature === undefined ? [0] : range(-0.4, 0.4, 0.1);
  let hits = 0;
  for (const setting of new Set(all.map((run) => run.setting))) {
    const others = rows.filter(({ run }) => run.setting !== setting);
    let best = { total: -Infinity, slope: 0, below: new Map<string, number>() };
    for (const slope of [...slopes].sort((a, b) => Math.abs(a) - Math.abs(b))) {
      const below = new Map<string, number>();
      let total = 0;
      for (const kind of new Set(others.map((row) => row.kind))) {
        const own = others.filter((row) => row.kind === kind);
        const tried = range(-1.6, -0.15, 0.05).map((at) => ({
          at,
          sum: own.reduce((sum, { run, value }) => sum + worth(run, at + slope * value), 0),
        }));
        const most = Math.max(...tried.map(({ sum }) => sum));
        const good = tried.filter(({ sum }) => sum > most - 0.5);
        below.set(kind, good[good.length >> 1]!.at);
        total += most;
      }
      if (total > best.total + 1e-9) best = { total, slope, below };
    }
    for (const { run, value, kind } of rows.filter(({ run }) => run.setting === setting))
      hits += worth(run, best.below.get(kind)! + best.slope * value) === 1 ? 1 : 0;
  }
  return hits / all.length;
}

/** The share of the runs in band if each setting's own best distance below the edge were known. */
function known(all: readonly Run[]): number {
  const own = [...new Set(all.map(({ setting }) => setting))].map((name) => {
    const here = all.filter(({ setting }) => setting === name);
    return Math.max(
      ...range(-2.4, 0.6, 0.02).map((at) => here.filter((run) => worth(run, at - run.byLength) === 1).length),
    );
  });
  return own.reduce((sum, hits) => sum + hits, 0) / all.length;
}

const all = await runs();
const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;
console.log(`${all.length} runs; share in band, with each setting left out of its own fit:\n`);
console.log(
  `one distance below the edge, adjusted for the length of training: ${percent(leftOut(all, () => 'any'))}`,
);
console.log(`one distance for each kind of update: ${percent(leftOut(all, ({ kind }) => kind))}`);
console.log(`the same, with RMSProp apart from Adam: ${percent(leftOut(all, ({ finerKind }) => finerKind))}`);
console.log('one distance for each kind of update, and a slope in:');
for (const feature of Object.keys(all[0]!.features))
  console.log(`  ${feature}: ${percent(leftOut(all, ({ kind }) => kind, feature))}`);
console.log(`each setting's own best distance, if it were known: ${percent(known(all))}`);
