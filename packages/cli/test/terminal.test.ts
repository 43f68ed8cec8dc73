import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { clr } from './clr.ts';
import { exampleRun, exampleTrace } from './examples.ts';

const acting = '\u001b]0;owned\u0007\u001b[2J';
// biome-ignore lint/suspicious/noControlCharactersInRegex: the test looks for these characters
const control = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/;

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clr-cli-'));
  await writeFile(join(folder, `${acting}.json`), '{"type":"constant","lr":0.1}');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let nested: object = { type: 'constant', lr: 1 };
for (let depth = 0; depth < 600; depth++) nested = { type: 'sequence', stages: [{ policy: nested }] };

/** A command line and its standard input. */
interface Line {
  readonly what: string;
  readonly args: readonly string[];
  readonly input: unknown;
}

const lines: readonly Line[] = (
  [
    ['the name of a file', ['policy', `${acting}.json`]],
    ['the name of a missing file', ['policy', `${acting}.txt`]],
    ['a command', [acting]],
    ['an option', ['policy', '-', `--${acting}`]],
    ['the value of an option', ['policy', '-', '--steps', acting]],
    ['the folder of a picture', ['policy', '-', '--svg', `no/${acting}.svg`], { type: 'constant', lr: 0.1 }],
    ['a type', ['policy', '-'], { type: acting }],
    ['the name of a field', ['policy', '-'], { type: 'constant', lr: 0.1, [acting]: 1 }],
    ['a long type', ['policy', '-'], { type: 'x'.repeat(1e6) }],
    ['six hundred nested policies', ['policy', '-'], nested],
    ['a loss', ['analyze', '-'], { ...exampleTrace(), points: [{ step: 0, lr: 1, loss: acting }] }],
    [
      'the reason for the end of a run',
      ['report', '-', '--out', 'r.html'],
      { ...exampleRun(), stopped: { step: 1, reason: acting } },
    ],
    ['text that is not JSON', ['report', '-', '--out', 'r.html']],
  ] as readonly (readonly [string, readonly string[], unknown?])[]
).map(([what, args, input]) => ({ what, args, input }));

it.each(lines)('no control character reaches the terminal: $what', async ({ args, input }) => {
  const { out, err } = await clr(args, { cwd: folder, input: input ? JSON.stringify(input) : acting });
  expect(out + err).not.toMatch(control);
  expect(new TextEncoder().encode(err).length).toBeLessThan(1000);
  expect(err).not.toContain('at file:');
  expect((out + err).length).toBeGreaterThan(0);
});
