import { parsePolicy, toSchedule } from '@clr/core';
import { plotPolicy, textTable } from '@clr/report/terminal';
import { formatCount, formatNumber, formatRate } from '@clr/report/words';
import type { Command } from '../command.ts';
import { UsageError } from '../errors.ts';
import { nameOf, readJson } from '../input/readJson.ts';
import { positiveInteger, readArguments } from '../readArguments.ts';

const flags = {
  steps: { type: 'string' },
  svg: { type: 'string' },
} as const;

/** `clr policy`: shows a policy as a chart, a table and a picture. */
export const policy: Command = {
  flags,
  help: `Usage: clr policy <file.json | -> [--steps <n>] [--svg <file.svg>]

Draws a learning-rate policy and tabulates it.

  --steps <n>        how many steps (default: four cycles, or 1,000 steps without cycles)
  --svg <file.svg>   also draw a picture into this file

Example
  echo '{"type":"triangular2","baseLr":0.001,"maxLr":0.006,"stepSize":500}' | clr policy -
`,

  async run(args) {
    const { values, positionals } = readArguments('policy', args, flags);
    const [path, ...others] = positionals;
    if (!path || others.length > 0) {
      throw new UsageError('one file with a policy', `${positionals.length} files`, 'policy');
    }
    const asked = values.steps === undefined ? undefined : positiveInteger('policy', 'steps', values.steps);
    const parsed = parsePolicy(await readJson(path), nameOf(path));
    const schedule = toSchedule(parsed);
    const steps = asked ?? fourCycles(schedule.at) ?? 1000;
    const hasMomentum = schedule.momentum(0) !== undefined;
    const rows = Array.from({ length: Math.min(steps, 16) + 1 }, (_, row) => {
      const step = Math.round((row * steps) / Math.min(steps, 16));
      const { lr, momentum, cycle, phase } = schedule.at(step);
      const at = [formatCount(step), formatNumber(lr, 6), String(cycle), phase.toFixed(3)];
      return hasMomentum ? [...at, formatRate(momentum ?? Number.NaN)] : at;
    });
    const columns = ['step', 'lr', 'cycle', 'phase', ...(hasMomentum ? ['momentum'] : [])];
    const caption = `${parsed.type}, from ${nameOf(path)}, ${formatCount(steps)} steps`;
    const text = `${plotPolicy(parsed, { steps })}\n\n${textTable({ caption, columns, rows })}`;
    if (values.svg === undefined) return { text };
    // Load the drawing code only if a picture is wanted, because it is slow to load.
    const { renderPolicy } = await import('@clr/report');
    return {
      text,
      inputs: positionals,
      files: [{ path: values.svg, content: renderPolicy(parsed, { steps }) }],
    };
  },
};

/**
 * The step at which the fourth cycle ends, or the last cycle if there are fewer. `undefined` if no cycle ends.
 */
function fourCycles(at: (step: number) => { readonly cycleEnd: number }): number | undefined {
  let end: number | undefined;
  for (let cycle = 0; cycle < 4; cycle++) {
    const { cycleEnd } = at(end ?? 0);
    if (!Number.isSafeInteger(cycleEnd)) break;
    end = cycleEnd;
  }
  return end;
}
