import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { cases } from './cases.ts';
import { type Measured, measure } from './measure.ts';

// Compares schedule.lr and sampleSchedule with handwritten loops. Run: pnpm --filter @clr/benchmarks schedule
// Each policy has its own process, because most programs use only one or two policies. `--together` measures all
// policies in one process.

const targets = { lr: 20, sample: 1000 / 50 };

const [choice] = process.argv.slice(2);
if (choice !== undefined && choice in cases) console.log(JSON.stringify(measure(cases[choice]!)));
else report(choice === '--together');

function report(together: boolean): void {
  console.log(`Node ${process.version}, 20,000 steps, medians of 500 rounds.`);
  console.log(
    'Targets: lr at most 20 ns a call, sampleSchedule at least 50 M values/s. × is the time divided by that of the handwritten loop.\n',
  );
  const header = ['policy', 'lr ns', 'by hand ns', '×', 'sample M/s', 'by hand M/s', '×'];
  console.log(row(header));
  console.log(`|${header.map(() => '---').join('|')}|`);
  for (const [name, each] of Object.entries(cases)) {
    const { lr, byHand, sample, sampleByHand } = together ? measure(each) : measureApart(name);
    const missed = [lr > targets.lr && 'lr', sample > targets.sample && 'sample'].filter(Boolean);
    console.log(
      row([
        name,
        lr.toFixed(1),
        byHand.toFixed(1),
        (lr / byHand).toFixed(2),
        (1000 / sample).toFixed(0),
        (1000 / sampleByHand).toFixed(0),
        (sample / sampleByHand).toFixed(2),
      ]) + (missed.length > 0 ? ` missed: ${missed.join(', ')}` : ''),
    );
  }
}

function measureApart(name: string): Measured {
  const args = [...process.execArgv, fileURLToPath(import.meta.url), name];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`measuring ${name} failed: ${stderr}`);
  return JSON.parse(stdout) as Measured;
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell, at) => (at === 0 ? cell.padEnd(25) : cell.padStart(11))).join(' | ')} |`;
}
