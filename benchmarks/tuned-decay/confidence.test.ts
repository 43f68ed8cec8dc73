import { expect, it } from 'vitest';
import { areaUnderCurve, claimsOf } from './confidence.ts';

// The suggestions in the settings that the confidence was fitted to, and in the settings that were measured later.
const claims = (['development', 'long', 'others', 'tables'] as const).flatMap(claimsOf);

it('four of five answers with a confidence of 0.8 or more are good', () => {
  const sure = claims.filter(({ confidence }) => confidence >= 0.8);
  expect(sure.length).toBeGreaterThan(60);
  expect(sure.filter(({ good }) => good).length / sure.length).toBeGreaterThan(0.8);
});

it('the confidence of good answers is higher than that of bad answers', () => {
  expect(areaUnderCurve(claims)).toBeGreaterThan(0.62);
});
