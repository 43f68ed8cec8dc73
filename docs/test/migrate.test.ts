import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as core from '@clr/core';
import { describeExamples } from '@clr/tooling/describeExamples';
import { describe, expect, it } from 'vitest';
import { schedulesOfOthers } from './schedulesOfOthers.ts';

const folder = new URL('../migrate/', import.meta.url);
const pages = readdirSync(folder).filter((name) => name !== 'README.md');

/** The rows of a page's tables: a call of another library, and its equivalent in clr. */
const rows = pages.flatMap((page) =>
  Array.from(
    readFileSync(new URL(page, folder), 'utf8').matchAll(/^\| `([^`]+)` \| `([^`]+)` \|$/gm),
    (match) => ({
      page,
      theirs: match[1]!,
      ours: match[2]!,
    }),
  ),
);

/** The schedule that the code in a cell makes. */
function made(code: string): core.Schedule {
  const scope = Object.entries(core);
  const make = new Function(...scope.map(([name]) => name), `'use strict'; return ${code};`);
  return core.toSchedule(make(...scope.map(([, value]) => value)) as core.ScheduleLike);
}

describe('schedules of other libraries, as policies', () => {
  it('are in the tables of the pages and in the list of schedules, with the same calls', () => {
    expect(rows.map(({ theirs }) => theirs).sort()).toEqual(Object.keys(schedulesOfOthers).sort());
  });

  it.each(rows)('$page: the policy has the rates of $theirs', ({ theirs, ours }) => {
    const { steps, rates, tolerance = 1e-12 } = schedulesOfOthers[theirs]!;
    const { lr } = made(ours);
    const highest = Math.max(...rates.map(Number));
    expect(steps.length).toBeGreaterThan(9);
    steps.forEach((step, index) => {
      expect(Math.abs(lr(step) - rates[index]!), `step ${step}`).toBeLessThan(tolerance * highest);
    });
  });
});

describeExamples({
  pages: pages.map((page) => fileURLToPath(new URL(page, folder))),
  modules: { '@clr/core': core },
});
