import { expect, it } from 'vitest';
import { areaUnderCurve, claimsOf } from './confidence.ts';

// The settings that the confidence was fitted to, and whatever is measured since.
const claims = (['development', 'long', 'others', 'tables'] as const).flatMap(claimsOf);

it('of the answers that claim a chance of 0.8 and more, four in five hold', () => {
  const sure = claims.filter(({ confidence }) => confidence >= 0.8);
  expect(sure.length).toBeGreaterThan(60);
  expect(sure.filter(({ good }) => good).length / sure.length).toBeGreaterThan(0.8);
});

it('good answers claim more than bad ones', () => {
  expect(areaUnderCurve(claims)).toBeGreaterThan(0.62);
});
