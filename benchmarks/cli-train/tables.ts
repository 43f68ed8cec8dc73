// Compares `clr new mlp` and `clr train` at their defaults with scikit-learn's logistic and linear regression, on rows
// that neither has seen. Needs Python with scikit-learn and pandas (Debian: python3-sklearn, python3-pandas), and a
// build.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

interface Peer {
  readonly kind: 'accuracy' | 'r2';
  readonly peer: number;
}

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'clr-tables-'));
const clr = (...args: readonly string[]): string =>
  execFileSync(process.execPath, [path('../../packages/cli/dist/main.js'), ...args], {
    ...{ cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
  });
/** The output of a command, or undefined if it refuses to suggest a rate. */
const unlessRefused = (command: () => string): string | undefined => {
  try {
    return command();
  } catch (error) {
    if ((error as { status?: number }).status === 3) return undefined;
    throw error;
  }
};
const peers: Readonly<Record<string, Peer>> = JSON.parse(
  execFileSync(process.argv[2] ?? 'python3', [path('tables.py'), folder], { encoding: 'utf8' }),
);

const seeds = [0, 1, 2];
const percent = (value: number): string => (100 * value).toFixed(1);
console.log('table          measure   constant   regression   clr, 3 seeds        difference');
for (const [name, { kind, peer }] of Object.entries(peers)) {
  const scores = seeds.flatMap((seed) => {
    const data = ['--data', `${name}-train.csv`, '--target', 'target', '--seed', String(seed)];
    clr('new', 'mlp', ...data, '--out', 'fresh.onnx');
    const training = ['train', 'fresh.onnx', ...data, '--epochs', '100', '--quiet', '--out', 'trained.onnx'];
    if (unlessRefused(() => clr(...training)) === undefined) return [];
    return [JSON.parse(clr('evaluate', 'trained.onnx', '--data', `${name}-test.csv`, '--json'))];
  });
  const reached = scores.map((score) => score[kind] as number);
  const mean = reached.reduce((sum, value) => sum + value, 0) / reached.length;
  const refused = seeds.length - scores.length;
  const constant = kind === 'r2' ? 0 : (scores[0].constantAccuracy as number);
  console.log(
    `${name.padEnd(14)} ${kind.padEnd(9)} ${percent(constant).padStart(8)} ${percent(peer).padStart(12)}   ` +
      `${reached.map(percent).join(' ').padEnd(18)} ${percent(mean - peer).padStart(8)} points${refused > 0 ? `, ${refused} refused` : ''}`,
  );
}
rmSync(folder, { recursive: true });
