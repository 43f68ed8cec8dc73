import { hasOracle, readOracle } from '@clr/tooling/oracle';
import { describe, expect, it } from 'vitest';
import { minimum, type Rule, slide, steepest, valley } from './rules.ts';

interface Suggestion {
  readonly lr?: number;
  readonly error?: string;
}
interface Curve {
  readonly id: string;
  readonly lr: number[];
  readonly loss: (number | null)[];
  readonly smoothLoss: (number | null)[];
  readonly views: Record<
    string,
    { slice?: [number, number]; suggestions?: { float64: Record<string, Suggestion> } }
  >;
}

const rules: Record<string, Rule> = { valley, slide, minimum, steep: steepest };

describe.skipIf(!hasOracle())('the classic rules', () => {
  it("give fastai's answers on real and made-up curves", () => {
    const settings = readOracle<{ curves: Curve[] }[]>('lrfind_mlp.json');
    const curves = [
      ...settings.flatMap((setting) => setting.curves),
      ...readOracle<Curve[]>('lrfind_synthetic.json'),
    ];
    let compared = 0;
    for (const { id, lr, loss, smoothLoss, views } of curves) {
      for (const [view, { slice = [0, lr.length], suggestions }] of Object.entries(views)) {
        const losses = (view === 'rawFull' ? loss : smoothLoss).slice(...slice);
        if (losses.includes(null)) continue;
        for (const [name, suggestion] of Object.entries(suggestions?.float64 ?? {})) {
          const answer = rules[name]!(lr.slice(...slice), losses as number[]);
          if (suggestion.error) expect(answer, `${id} ${view} ${name}`).toBeNull();
          else expect(answer! / suggestion.lr!, `${id} ${view} ${name}`).toBeCloseTo(1, 9);
          compared++;
        }
      }
    }
    expect(compared).toBe(420);
  });
});

describe('each classic rule', () => {
  it.each(Object.entries(rules))('%s has no answer to an empty curve', (_, rule) => {
    expect(rule([], [])).toBeNull();
  });

  it('minimum is a tenth of the lowest', () => {
    expect(minimum([1, 2, 3], [5, 1, 4])).toBe(0.2);
  });

  it('steepest is where the loss falls fastest per decade', () => {
    expect(steepest([0.01, 0.1, 1, 10], [3, 2.9, 1, 2])).toBe(0.1);
  });
});
