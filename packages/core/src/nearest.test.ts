import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nearest } from './nearest.ts';

const commands = [
  ...['inspect', 'new', 'range-test', 'train', 'sweep', 'worker', 'evaluate', 'predict', 'policy', 'analyze'],
  ...['report', 'completion'],
];
const word = fc.stringMatching(/^[a-z]{4,12}$/);

describe('nearest', () => {
  it.each([
    ['trian', 'train'],
    ['nwe', 'new'],
    ['ne', 'new'],
    ['polcy', 'policy'],
    ['EVALUATE', 'evaluate'],
    ['rangetest', 'range-test'],
    ['sweeps', 'sweep'],
    ['repotr', 'report'],
    ['complete', 'completion'],
    ['workers-on', 'worker'],
  ])('takes %s as %s', (given, legal) => {
    expect(nearest(given, commands)).toBe(`Did you mean "${legal}"?`);
  });

  it.each(['', 'x', 'zzz', 'dog', 'test it all', 'constructor', 'interpret', 'x'.repeat(1e6)])(
    'finds no command like %#',
    (given) => {
      expect(nearest(given, commands, 'none')).toBe('none');
    },
  );

  it('takes a word as its other spelling', () => {
    expect(nearest('alfa', ['rank', 'alpha', 'targets', 'seed'])).toBe('Did you mean "alpha"?');
  });

  it('takes neither of two names that are equally near', () => {
    expect(nearest('beta3', ['beta1', 'beta2'])).toBe('Use one of these.');
    expect(nearest('beta3', ['beta1', 'beta2', 'beta33'])).toBe('Did you mean "beta33"?');
  });

  it('finds any name after one edit', () => {
    fc.assert(
      fc.property(
        word,
        fc.nat(),
        fc.constantFrom('z', 'é'),
        fc.constantFrom(0, 1, 2, 3),
        (name, at, letter, kind) => {
          const i = at % (name.length - 1);
          const [before, one, two, after] = [name.slice(0, i), name[i]!, name[i + 1]!, name.slice(i + 2)];
          const middle = [two + one, one, letter + two, one + letter + two][kind]!;
          expect(nearest(before + middle + after, ['----------------', name])).toBe(
            `Did you mean "${name}"?`,
          );
        },
      ),
    );
  });
});
