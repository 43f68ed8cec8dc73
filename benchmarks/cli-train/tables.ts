// Compares `clr new mlp` and `clr train` at their defaults with scikit-learn's logistic and linear regression, on rows
// that neither has seen, over six splits. Needs Python with scikit-learn and pandas (Debian: python3-sklearn,
// python3-pandas), and a build.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

interface Table {
  readonly kind: 'accuracy' | 'r2';
  /** The result of scikit-learn's regression on each split. */
  readonly peers: readonly number[];
}

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'clr-tables-'));
const clr = (...args: readonly string[]): string =>
  execFileSync(process.execPath, [path('../../packages/cli/dist/main.js'), ...args], {
    ...{ cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
  });
/** The output of a command, or undefined if the command refuses to suggest a rate. */
const unlessRefused = (command: () => string): string | undefined => {
  try {
    return command();
  } catch (error) {
    if ((error as { status?: number }).status === 3) return undefined;
    throw error;
  }
};
const tables: Readonly<Record<string, Table>> = JSON.parse(
  execFileSync(process.argv[2] ?? 'python3', [path('tables.py'), folder], { encoding: 'utf8' }),
);

const percent = (value: number): string => (100 * value).toFixed(1);
const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
/** The standard error of a mean. */
const errorOf = (values: readonly number[]): number => {
  const middle = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - middle) ** 2)) / (values.length - 1));
};
console.log('table          measure   constant   regression    clr   difference');
for (const [name, { kind, peers }] of Object.entries(tables)) {
  const scores = peers.flatMap((peer, split) => {
    const data = ['--data', `${name}-${split}-train.csv`, '--target', 'target', '--seed', String(split)];
    clr('new', 'mlp', ...data, '--out', 'fresh.onnx');
    const training = ['train', 'fresh.onnx', ...data, '--epochs', '100', '--quiet', '--out', 'trained.onnx'];
    if (unlessRefused(() => clr(...training)) === undefined) return [];
    const score = JSON.parse(
      clr('evaluate', 'trained.onnx', '--data', `${name}-${split}-test.csv`, '--json'),
    );
    return [{ reached: score[kind] as number, constant: (score.constantAccuracy ?? 0) as number, peer }];
  });
  const refused = peers.length - scores.length;
  const differences = scores.map(({ reached, peer }) => reached - peer);
  console.log(
    `${name.padEnd(14)} ${kind.padEnd(9)} ${percent(mean(scores.map(({ constant }) => constant))).padStart(8)} ` +
      `${percent(mean(peers)).padStart(12)} ${percent(mean(scores.map(({ reached }) => reached))).padStart(6)} ` +
      `${percent(mean(differences)).padStart(6)} ± ${percent(errorOf(differences))} points${refused > 0 ? `, ${refused} refused` : ''}`,
  );
}
rmSync(folder, { recursive: true });
