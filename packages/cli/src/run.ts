import { readFile } from 'node:fs/promises';
import { nearest } from '@clr/core';
import type { Command, Outcome } from './command.ts';
import { UsageError } from './errors.ts';

// Commands are loaded on demand, because each takes time to load and only one is needed.
const commands: ReadonlyMap<string, () => Promise<Command>> = new Map<string, () => Promise<Command>>(
  Object.entries({
    inspect: async () => (await import('./commands/inspect.ts')).inspect,
    new: async () => (await import('./commands/newModel.ts')).newModel,
    'range-test': async () => (await import('./commands/rangeTest.ts')).rangeTest,
    train: async () => (await import('./commands/train.ts')).train,
    sweep: async () => (await import('./commands/sweep.ts')).sweep,
    worker: async () => (await import('./commands/worker.ts')).worker,
    evaluate: async () => (await import('./commands/evaluate.ts')).evaluate,
    predict: async () => (await import('./commands/predict.ts')).predict,
    policy: async () => (await import('./commands/policy.ts')).policy,
    analyze: async () => (await import('./commands/analyze.ts')).analyze,
    report: async () => (await import('./commands/report.ts')).report,
    completion: async () => (await import('./commands/completion.ts')).completion(commands),
  }),
);

const help = `Usage: clr <command> [options]

  clr new          writes a fresh model for a table, images or arrays
  clr inspect      describes an ONNX model: inputs, outputs, and the weights that can be trained
  clr range-test   tries learning rates on a model, and suggests the best ones
  clr train        trains a model
  clr sweep        trains many times, to compare rates, optimizers and seeds
  clr worker       computes jobs of sweeps that are shared between machines
  clr evaluate     measures a model on data
  clr predict      writes a model's predictions

  clr policy       draws a learning-rate policy and tabulates it
  clr analyze      says which rates an LR range test suggests; reads tests of other tools too
  clr report       makes one HTML page of range tests, runs and policies
  clr completion   prints a script that completes command lines in bash, zsh and fish

  clr <command> --help   how a command is used
  clr --version          the version

Commands that work with models need two more packages: npm install @clr/onnx onnxruntime-node

Exit codes: 0 done; 1 the input cannot be used, the output cannot be written, or a job failed; 2 the command line
cannot be used; 3 no learning rate was found; 130 stopped by Ctrl-C.
`;

/** Runs a command line. The caller prints the result and writes its files. */
export async function run([name, ...args]: readonly string[]): Promise<Outcome> {
  if (name === '--help' || name === '-h' || name === 'help') return { text: help };
  if (name === '--version' || name === '-v') return { text: await version() };
  const load = commands.get(name ?? '');
  if (!load) {
    const received = name === undefined ? 'none' : `clr ${name}`;
    const names = [...commands.keys()];
    const hint = name === undefined ? '' : nearest(name, names, '');
    throw new UsageError(`a command: ${names.join(', ')}`, received, undefined, hint);
  }
  const command = await load();
  return args.includes('--help') || args.includes('-h') ? { text: command.help } : command.run(args);
}

async function version(): Promise<string> {
  const manifest = await readFile(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
