import { describe, expect, it } from 'vitest';
import { describeFinding } from './describeFinding.ts';

const rules = { steepest: 0.1, minimum: null, valley: 0.02, slide: null };
const reasons = ['Because.'];

describe('describeFinding', () => {
  it('names the rates, their intervals, the edge and the rules that gave a rate', () => {
    const suggestion = {
      baseLr: 0.01,
      maxLr: 0.1,
      fixedLr: 0.05,
      steps: 500,
      interval: { baseLr: [0.009, 0.011], maxLr: [0.08, 0.12], fixedLr: [0.04, 0.06] },
      certainty: 0.6,
      confidence: 0.834,
    } as const;
    expect(describeFinding({ suggestion, edgeLr: 0.3, reasons, rules })).toEqual([
      'Decay the rate to 0 from 0.1 (interval 0.08 to 0.12), or cycle between 0.01 (interval 0.009 to 0.011) and this rate.',
      'For training at a constant rate use 0.05 (interval 0.04 to 0.06).',
      'Confidence 83 %: the probability that such a decay is about as good as one with a tuned peak.',
      'Because.',
      'The loss edge, the largest rate that still trains, is at 0.3.',
      'The classic rules suggest: steepest 0.1, valley 0.02.',
    ]);
  });

  it('says that there is no suggestion, and why', () => {
    const none = { steepest: null, minimum: null, valley: null, slide: null };
    expect(describeFinding({ suggestion: null, edgeLr: null, reasons, rules: none })).toEqual([
      'This curve gives no suggestion.',
      'Because.',
      'The sweep never reached the loss edge.',
    ]);
    const lowerBound = { edgeLr: 0.08, maxLr: 0.02 };
    expect(describeFinding({ suggestion: null, edgeLr: null, lowerBound, reasons, rules: none })).toEqual([
      'This curve gives a lower bound, but no suggestion: maxLr is at least 0.02.',
      'Because.',
      'The sweep never reached the loss edge, which lies above 0.08.',
    ]);
  });
});
