import { describe, expect, it } from 'vitest';
import { runExample } from './examples.ts';

const run = async (code: string, scope = {}, modules = {}) =>
  (await runExample({ name: 'test', code }, scope, modules)).outcomes;

describe('runExample', () => {
  it('returns the actual value for each stated value', async () => {
    expect(await run('f(2); // 5\nf(3); // 9', { f: (x: number) => x * x })).toEqual([
      { source: 'f(2);', actual: 4, stated: 5 },
      { source: 'f(3);', actual: 9, stated: 9 },
    ]);
  });

  it('reads the value stated on the last line of a statement, also in blocks and for constants', async () => {
    const code = [
      '[1,',
      '2].length; // 2',
      'try { throw new Error("x"); } catch (error) {',
      '  error.message; // "x"',
      '}',
    ];
    const outcomes = await run([...code, 'const n = await late(); // 7', 'n; // 7'].join('\n'), {
      late: async () => 7,
    });
    expect(outcomes.map(({ actual }) => actual)).toEqual([2, 'x', 7, 7]);
    for (const { actual, stated } of outcomes) expect(stated).toEqual(actual);
  });

  it('treats console.log with one argument as that argument', async () => {
    expect(await run('console.log(1 + 1); // 2')).toEqual([
      { source: 'console.log(1 + 1);', actual: 2, stated: 2 },
    ]);
  });

  it('returns the names that a block declares at its top level', async () => {
    const code = "import { a } from 'm';\nconst [b, { c }] = [1, { c: 2 }];\nfunction d() { const e = 1; }";
    const { declared } = await runExample({ name: 'test', code }, {}, { m: { a: 0 } });
    expect(declared).toEqual({ a: 0, b: 1, c: 2, d: expect.any(Function) });
  });

  it('does not read prose as a value', async () => {
    expect(await run('const a = 1; // the first one\na; // what it was')).toEqual([]);
  });

  it('imports from the given modules, and lets a block declare a name of the scope', async () => {
    const code = "import { a as b } from 'm';\nimport * as all from 'm';\nconst c = b + all.a;\nc; // 2";
    expect(await run(code, { c: 5 }, { m: { a: 1 } })).toMatchObject([{ actual: 2, stated: 2 }]);
    await expect(run(code)).rejects.toThrow('test imports m, which its test does not provide');
  });

  it('throws the block’s error, and reports text that is not JavaScript', async () => {
    await expect(run('throw new RangeError("no")')).rejects.toThrow(RangeError);
    await expect(run('const a: number = 1;')).rejects.toThrow('test is not plain JavaScript');
  });
});
