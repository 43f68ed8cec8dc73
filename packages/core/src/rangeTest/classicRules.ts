import { fastaiSmoothing } from './fastaiSmoothing.ts';
import type { ClassicRules } from './finding.ts';
import { minimum, type Rule, slide, steepest, valley } from './rules.ts';
import type { RangeTestPoint } from './trace.ts';

/** The suggestions of the usual libraries for a sweep, computed as in fastai. */
export function classicRules(points: readonly RangeTestPoint[]): ClassicRules {
  const { lrs, losses } = fastaiSmoothing(points);
  const apply = (rule: Rule) => rule(lrs, losses);
  return { steepest: apply(steepest), minimum: apply(minimum), valley: apply(valley), slide: apply(slide) };
}
