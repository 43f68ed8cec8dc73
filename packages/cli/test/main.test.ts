import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { clr } from './clr.ts';

const commands = [
  'new',
  'inspect',
  'range-test',
  'train',
  'sweep',
  'worker',
  'evaluate',
  'predict',
  'policy',
  'analyze',
  'report',
  'completion',
];

describe('clr', () => {
  it.each(['--help', '-h', 'help'])('%s names every command', async (flag) => {
    const { code, out } = await clr([flag]);
    expect(code).toBe(0);
    for (const command of commands) expect(out).toContain(`clr ${command}`);
  });

  it.each(commands)('%s --help shows its usage and an example', async (command) => {
    const { code, out } = await clr([command, '--help']);
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`^Usage: clr ${command} `));
    expect(out).toContain('Example\n');
  });

  it('--version prints the version of the package', async () => {
    const manifest = await readFile(new URL('../package.json', import.meta.url), 'utf8');
    const { version } = JSON.parse(manifest) as { version: string };
    expect(await clr(['--version'])).toEqual({ code: 0, out: `${version}\n`, err: '' });
  });

  it.each([[[]], [['polcy']]])('refuses %j and names the commands', async (args) => {
    const { code, out, err } = await clr(args);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(
      'Expected a command: inspect, new, range-test, train, sweep, worker, evaluate, predict, policy, analyze, report, completion.',
    );
  });

  it.each([
    ['a misspelt command', ['polcy'], 'Did you mean "policy"? Try: clr --help'],
    ['a command with swapped letters', ['trian'], 'Did you mean "train"? Try: clr --help'],
    ['a short command with swapped letters', ['nwe'], 'Did you mean "new"? Try: clr --help'],
    [
      'a misspelt flag',
      ['train', 'a.onnx', '--epoch', '60'],
      'Did you mean "--epochs"? Try: clr train --help',
    ],
    [
      'a flag unlike any other',
      ['train', 'a.onnx', '--zzz'],
      "Received: Unknown option '--zzz'\nTry: clr train --help",
    ],
  ])('suggests a similar name, if there is one: %s', async (_, args, expected) => {
    const { code, err } = await clr(args);
    expect(code).toBe(2);
    expect(err).toContain(expected);
  });

  it.each([
    [['--lr', '-1'], '--lr', '--lr -1', 'Write a negative number as --lr=-1. Try: clr train --help'],
    [['--seed', '-1'], '--seed', '--seed -1', 'Write a negative number as --seed=-1. Try: clr train --help'],
    [['--lr', '--quiet'], '--lr', '--lr --quiet', 'Try: clr train --help'],
    [['--lr', '-x'], '--lr', '--lr -x', 'Try: clr train --help'],
    [['--lr'], '--lr', '--lr alone', 'Try: clr train --help'],
  ])('asks for the value of an option: %j', async (args, flag, received, advice) => {
    const { code, err } = await clr(['train', 'a.onnx', ...args]);
    expect(code).toBe(2);
    expect(err).toBe(`[clr/cli] Expected a value for ${flag}.\nReceived: ${received}\n${advice}\n`);
  });

  it.each([
    [['train', 'a.onnx', '--out', 'b.onnx', '--lr=-1'], '--lr to be a number above 0'],
    [['new', 'mlp', '--out', 'b.onnx', '--seed=-1'], '--seed to be a whole number of at least 0'],
    [['train', 'a.onnx', '--lr', '0.1', '--lr', '0.01'], 'Expected --lr once.\nReceived: more than one\n'],
    [['sweep', '--seed=1', 'a.onnx', '--seed', '1'], 'Expected --seed once.'],
  ])('refuses the values of %j', async (args, expected) => {
    const { code, err } = await clr(args);
    expect(code).toBe(2);
    expect(err).toContain(expected);
  });

  it('allows to repeat an option without a value', async () => {
    expect((await clr(['analyze', '--json', 'no.json', '--json'])).err).toContain('no such file');
  });

  it('completes commands, options and files in bash', async () => {
    const { code, out } = await clr(['completion', 'bash']);
    expect(code).toBe(0);
    const complete = async (...words: readonly string[]) => {
      const line = `COMP_WORDS=(${words.join(' ')}); COMP_CWORD=${words.length - 1}; _clr; echo "\${COMPREPLY[*]}"`;
      const { stdout } = await promisify(execFile)('bash', ['--norc', '-c', `${out}\n${line}`]);
      return stdout.trim();
    };
    expect(await complete('clr', 'tr')).toBe('train');
    expect(await complete('clr', 'train', '--ep')).toBe('--epochs');
    expect(await complete('clr', 'report', '--ti')).toBe('--title');
    expect(await complete('clr', 'inspect', 'package.j')).toBe('package.json');
  });

  it.each(['zsh', 'fish'])('writes a completion script with commands and options for %s', async (shell) => {
    const { code, out } = await clr(['completion', shell]);
    expect(code).toBe(0);
    for (const word of [...commands, 'lr-scale', 'title']) expect(out).toContain(word);
  });

  it('prints no error if the reader of its output stops early', async () => {
    const bin = fileURLToPath(new URL('../dist/main.js', import.meta.url));
    const policy = '{"type":"constant","lr":0.1}';
    const line = `echo '${policy}' | "${process.execPath}" "${bin}" policy - | true`;
    const { stderr } = await promisify(execFile)('sh', ['-c', line]);
    expect(stderr).toBe('');
  });
});
