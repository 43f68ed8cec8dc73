import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClrError } from '@clr/core';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { plainText } from '../src/plainText.ts';
import { run } from '../src/run.ts';
import { clr } from './clr.ts';
import { exampleRun, exampleTrace } from './examples.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clr-hostile-'));
});
afterAll(() => rm(folder, { recursive: true }));
const path = (name: string): string => join(folder, name);

// biome-ignore lint/suspicious/noControlCharactersInRegex: the tests look for these characters
const control = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\u2028\u2029]/;
const evil = '\u001b]0;title\u0007\u001b[31m\u202egnp';
const policy = { type: 'triangular', baseLr: 0.001, maxLr: 0.01, stepSize: 50 };

describe('control characters never reach the terminal', () => {
  it.each<[string, readonly string[], string]>([
    ['from a policy type', ['policy', '-'], JSON.stringify({ ...policy, type: evil })],
    ['from the name of a field', ['policy', '-'], JSON.stringify({ ...policy, [evil]: 1 })],
    ['from the value of a field', ['policy', '-'], JSON.stringify({ ...policy, stepSize: evil })],
    ['from a text that is not JSON', ['policy', '-'], `{"a": ${evil}}`],
    ['from a file name', ['policy', `${evil}.json`], ''],
    ['from a flag', ['policy', `--${evil}`], ''],
    ['from the value of a flag', ['policy', '-', '--steps', evil], JSON.stringify(policy)],
    ['from a command', [evil], ''],
    ['from a kind of update', ['analyze', '-', '--update', evil], '{}'],
    ['from a trace', ['analyze', '-'], JSON.stringify({ ...exampleTrace(), spacing: evil })],
    ['from an output path', ['policy', '-', '--svg', `no/${evil}`], JSON.stringify(policy)],
  ])('%s', async (_, args, input) => {
    const { code, out, err } = await clr(args, { input });
    expect(code === 1 || code === 2).toBe(true);
    expect(err).toMatch(/^\[clr\/\w+\] Expected /);
    expect(out + err).not.toMatch(control);
    expect(err.length).toBeLessThan(1000);
  });

  it('from a file name in the caption of a chart', async () => {
    await writeFile(path(`${evil}.json`), JSON.stringify(policy));
    const { code, out } = await clr(['policy', path(`${evil}.json`)]);
    expect(code).toBe(0);
    expect(out).toContain('\\u{1b}');
    expect(out).not.toMatch(control);
  });
});

describe('an output file that is also an input', () => {
  it.each(['trace.json', './trace.json', 'link.json', 'folder/../trace.json'])(
    'is refused if its path is %s',
    async (out) => {
      await mkdir(path('folder'), { recursive: true });
      await writeFile(path('trace.json'), JSON.stringify(exampleTrace()));
      await symlink('trace.json', path('link.json')).catch(() => {});
      const { code, err } = await clr(['report', 'trace.json', '--out', out], { cwd: folder });
      expect(code).toBe(1);
      expect(err).toContain('Expected an output other than the input trace.json.');
      expect(JSON.parse(await readFile(path('trace.json'), 'utf8'))).toEqual(exampleTrace());
    },
  );
});

describe('randomly changed documents', () => {
  const odd = fc.oneof(
    fc.constantFrom<unknown>(null, true, '', [], {}, [null], 0, -1, 0.5, 1e39, 1e308, 2 ** 53, 5e-324, 1e9),
    fc.constantFrom<unknown>(evil, 'x'.repeat(1e4), '\ud800', 'constructor', '__proto__', 'sequence'),
    fc.jsonValue({ maxDepth: 2 }),
  );
  const change = fc.record({
    at: fc.array(fc.nat({ max: 400 }), { minLength: 1, maxLength: 5 }),
    how: fc.constantFrom('replace', 'delete', 'add'),
    value: odd,
    name: fc.oneof(fc.string(), fc.constantFrom('__proto__', evil)),
  });
  type Change = { at: number[]; how: string; value: unknown; name: string };

  /** Changes a document at one place, to which the indices `at` lead. */
  function mutated(document: unknown, { at, how, value, name }: Change): unknown {
    const copy = structuredClone(document);
    let place = copy as Record<string, unknown>;
    for (const index of at.slice(0, -1)) {
      const inside = Object.values(place)[index % Object.keys(place).length];
      if (typeof inside !== 'object' || inside === null || Object.keys(inside).length === 0) break;
      place = inside as Record<string, unknown>;
    }
    const keys = Object.keys(place);
    const key = keys[at.at(-1)! % keys.length]!;
    if (how === 'delete') delete place[key];
    else
      Object.defineProperty(place, how === 'add' ? name : key, {
        value,
        enumerable: true,
        configurable: true,
      });
    return copy;
  }

  const documents = { policy, trace: exampleTrace(), run: exampleRun() };
  it.each([
    ['policy', ['policy'], documents.policy],
    ['trace', ['analyze'], documents.trace],
    ['trace, as JSON', ['analyze', '--json'], documents.trace],
    ['run', ['report', '--out', 'never.html'], documents.run],
  ] as const)('give a result or a clear error: %s', async (name, args, document) => {
    let [answers, errors] = [0, 0];
    const file = path(`${name}.json`);
    await fc.assert(
      fc.asyncProperty(change, async (how) => {
        await writeFile(file, JSON.stringify(mutated(document, how)));
        try {
          const { text } = await run([...args, file]);
          expect(plainText(text)).not.toMatch(control);
          answers++;
        } catch (error) {
          if (!(error instanceof ClrError)) throw error;
          const said = plainText(error.message);
          expect(said).toMatch(/^\[clr\/\w+\] Expected [^\n]+\.\nReceived: [^\n]+\n[^\n]+$/);
          expect(said).not.toMatch(control);
          expect(Buffer.byteLength(said)).toBeLessThanOrEqual(1024);
          errors++;
        }
      }),
      { numRuns: 500, seed: 1506 },
    );
    console.log(`${name}: ${answers} results, ${errors} clear errors`);
    expect(errors).toBeGreaterThan(50);
  });
});
