import { describe, expect, it } from 'vitest';
import { readOptions } from './options.ts';

describe('readOptions', () => {
  it('has defaults and reads each flag', () => {
    expect(readOptions([])).toEqual({ epochs: [1, 2, 4], images: 60_000, sweep: 400, seed: 1, out: '.' });
    const args = ['--epochs', '2,5', '--images', '3200', '--sweep', '200', '--seed', '7', '--out', 'x'];
    expect(readOptions(args)).toEqual({ epochs: [2, 5], images: 3200, sweep: 200, seed: 7, out: 'x' });
    expect(readOptions(['--help'])).toBeUndefined();
  });

  it.each([
    [['--epochs', '0'], '--epochs 0'],
    [['--epochs', '2,1'], '--epochs 2,1'],
    [['--epochs', '1,,2'], '--epochs 1,,2'],
    [['--images', '70000'], '--images 70000'],
    [['--sweep', 'many'], '--sweep many'],
    [['--seed', '1.5'], '--seed 1.5'],
    [['--nonsense'], '--nonsense'],
  ])('refuses %j', (args, named) => {
    expect(() => readOptions(args)).toThrow(named);
  });
});
