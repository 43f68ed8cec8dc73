/**
 * Measures the peak memory of a large model: torchvision's ViT-B/16 (86.6 M weights, 330 MiB), Adam, batch 1. Each row
 * has its own process.
 *
 * Usage: tsx onnx-memory/run.ts [--only all,head] [--rounds 3]
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { median, printTable } from '../onnx-step/table.ts';

const { values } = parseArgs({ options: { only: { type: 'string' }, rounds: { type: 'string' } } });
const python = process.env.CLR_PYTHON ?? '/usr/bin/python3';
const at = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const folder = at('../.cache/onnx-memory/');
const model = `${folder}vit_b_16.onnx`;
mkdirSync(folder, { recursive: true });
if (!existsSync(model))
  execFileSync(python, [at('export.py'), model], { stdio: ['ignore', 'ignore', 'inherit'] });

const numbers = (command: string, args: readonly string[]): number[] =>
  execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
    .trim()
    .split(' ')
    .map(Number);
const clr = (work: string) => () =>
  numbers(process.execPath, [...process.execArgv, at('measure.ts'), work, model]);
const torch = (work: string) => () => numbers(python, [at('export.py'), '--train', work]);

const rows: Record<string, () => number[]> = {
  'the bare runtime, inference': clr('bare'),
  'clr, all trained': clr('all'),
  'clr, head trained': clr('head'),
  'PyTorch, all trained': torch('all'),
  'PyTorch, head trained': torch('head'),
};
const wanted = values.only?.split(',');
const table = Object.entries(rows)
  .filter(([name]) => !wanted || wanted.some((part) => name.includes(part)))
  .map(([name, measured]) => {
    const rounds = Array.from({ length: Number(values.rounds ?? 1) }, measured);
    const column = (i: number): string =>
      rounds[0]?.[i] === undefined ? '' : median(rounds.map((row) => row[i] as number)).toFixed(0);
    return [name, column(0), column(1), column(2)];
  });
printTable(['', 'MiB when created', 'MiB after two runs', 'ms a run'], table);
