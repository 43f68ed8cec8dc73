import { type RangeTestPoint, toSchedule } from '@clr/core';
import { type Point, thin } from '@clr/report/curves';
import { formatCount, formatNumber, formatRate } from '@clr/report/words';
import { type Line, LineChart } from '../chart/lineChart.ts';
import { h } from '../dom.ts';
import type { History, Measured, Step } from './protocol.ts';

/** The weight of the old value in each step of a running mean. */
const beta = 0.9;
/** The maximum number of points of a drawn curve. */
const most = 1200;

/** A debiased running mean. */
function smooth(values: readonly Point[]): Point[] {
  let [mean, weight] = [0, 0];
  return values.map(([x, y]): Point => {
    if (y === null) return [x, null];
    mean = beta * mean + (1 - beta) * y;
    weight = beta * weight + (1 - beta);
    return [x, mean / weight];
  });
}

/** Live charts: of the range test while it runs, then of rate, loss and accuracy. */
export class LiveCharts {
  readonly element: HTMLElement;
  #history: History | undefined;
  #steps: Step[] = [];
  #measured: Measured[] = [];
  #sweep: RangeTestPoint[] = [];
  #asked = false;
  readonly #parts: Readonly<Record<'sweep' | 'loss' | 'accuracy' | 'rate', HTMLElement>>;
  readonly #charts: Readonly<Record<'sweep' | 'loss' | 'accuracy' | 'rate', LineChart>>;

  constructor() {
    const part = (title: string, ...keys: readonly (readonly [colour: string, text: string])[]) => {
      const plot = h('div', { class: 'plot' });
      const legend = keys.map(([colour, text]) =>
        h('span', { class: 'key', style: `--line: var(--${colour})` }, h('span', { class: 'swatch' }), text),
      );
      const figure = h('figure', { hidden: true }, h('figcaption', {}, h('h3', {}, title), ...legend), plot);
      return { figure, chart: new LineChart(plot) };
    };
    const parts = {
      sweep: part('Range test: the loss while the rate rises', ['blue', 'each step']),
      loss: part('Loss', ['blue', 'training, running mean'], ['orange', 'held out']),
      accuracy: part('Accuracy', ['blue', 'training, running mean'], ['orange', 'held out']),
      rate: part('Learning rate', ['green', 'of each step']),
    };
    this.#parts = Object.fromEntries(
      Object.entries(parts).map(([name, { figure }]) => [name, figure]),
    ) as never;
    this.#charts = Object.fromEntries(
      Object.entries(parts).map(([name, { chart }]) => [name, chart]),
    ) as never;
    this.element = h('div', { class: 'live' }, ...Object.values(this.#parts));
  }

  /** Goes back to the state before the first event. */
  clear(): void {
    [this.#history, this.#steps, this.#measured, this.#sweep] = [undefined, [], [], []];
    this.#ask();
  }

  sweep(points: readonly RangeTestPoint[]): void {
    // Each sweep of a range test starts with empty charts.
    if (points[0]?.step === 0) this.#sweep = [];
    this.#sweep.push(...points);
    this.#ask();
  }

  training(history: History): void {
    this.#history = history;
    this.#steps = [...history.done];
    this.#measured = [...history.measured];
    this.#sweep = [];
    this.#ask();
  }

  add(steps: readonly Step[]): void {
    this.#steps.push(...steps);
    this.#ask();
  }

  measure(measured: Measured): void {
    this.#measured.push(measured);
    this.#ask();
  }

  /** Draws at most ten times a second, and not in a hidden tab. */
  #ask(): void {
    if (this.#asked) return;
    this.#asked = true;
    setTimeout(
      () =>
        requestAnimationFrame(() => {
          this.#asked = false;
          this.#draw();
        }),
      100,
    );
  }

  #draw(): void {
    this.#drawSweep();
    const history = this.#history;
    for (const name of ['loss', 'accuracy', 'rate'] as const)
      this.#parts[name].hidden = history === undefined;
    if (!history) return;
    const x = { domain: [0, history.steps] as const, format: formatCount, whole: true };
    const raw = (of: 'loss' | 'accuracy'): Point[] =>
      this.#steps.map((step) => [step.step, step[of] ?? null]);
    const held = (of: 'loss' | 'accuracy'): Point[] =>
      this.#measured.map((each) => [each.step, each[of] ?? null]);
    const lines = (of: 'loss' | 'accuracy'): Line[] => [
      { points: thin(raw(of), most), colour: 'blue', faint: true },
      { points: thin(smooth(raw(of)), most), colour: 'blue', strong: true },
      { points: held(of), colour: 'orange', strong: true },
      { points: held(of), colour: 'orange', dots: true },
    ];
    const losses = [...smooth(raw('loss')), ...held('loss')].flatMap(([, loss]) => loss ?? []);
    const top = losses.reduce((high, loss) => Math.max(high, loss), 0) * 1.1 || 1;
    const last = (values: readonly Point[]): string => {
      const value = values.findLast(([, y]) => y !== null)?.[1];
      return value == null ? 'nothing yet' : formatNumber(value, 3);
    };
    this.#charts.loss.draw({
      ...{
        x,
        y: { domain: [0, top], format: (loss) => formatNumber(loss, 2) },
        lines: lines('loss'),
        height: 230,
      },
      description: `The loss over the steps; now ${last(smooth(raw('loss')))}, on the held-out examples ${last(held('loss'))}.`,
    });
    const hasAccuracy = this.#steps.some(({ accuracy }) => typeof accuracy === 'number');
    this.#parts.accuracy.hidden = !hasAccuracy;
    if (hasAccuracy) {
      this.#charts.accuracy.draw({
        ...{ x, y: { domain: [0, 1.02], format: (share) => `${Math.round(100 * share)} %` }, height: 200 },
        lines: lines('accuracy'),
        description: `The share of correct predictions; on the held-out examples ${last(held('accuracy'))}.`,
      });
    }
    const { lr } = toSchedule(history.policy);
    const count = Math.min(history.steps, most);
    const rates = Array.from({ length: count + 1 }, (_, i): Point => {
      const step = Math.round((i * history.steps) / count);
      return [step, lr(step)];
    });
    const now = this.#steps.at(-1)?.step ?? 0;
    const high = rates.reduce((peak, [, rate]) => Math.max(peak, rate!), 0);
    this.#charts.rate.draw({
      ...{ x, y: { domain: [0, high * 1.08 || 1], format: formatRate }, height: 150, pointer: now },
      lines: [{ points: rates, colour: 'green', strong: true, area: true }],
      description: `The learning rate over the steps; now ${formatRate(lr(now))}.`,
    });
  }

  #drawSweep(): void {
    const points = this.#sweep;
    this.#parts.sweep.hidden = points.length < 2;
    const [first, last] = [points[0], points.at(-1)];
    if (!first || !last || points.length < 2) return;
    const curve = points.map(({ lr, loss }): Point => [lr, loss]);
    const losses = smooth(curve).flatMap(([, loss]) => loss ?? []);
    const start = losses[0] ?? 1;
    this.#charts.sweep.draw({
      ...{
        x: { domain: [first.lr, Math.max(last.lr, first.lr * 1.1)], log: true, format: formatRate },
        height: 230,
      },
      y: { domain: [0, start * 1.6], format: (loss) => formatNumber(loss, 2) },
      lines: [
        { points: thin(curve, most), colour: 'blue', faint: true },
        { points: thin(smooth(curve), most), colour: 'blue', strong: true },
      ],
      description: `The loss while the rate rises from ${formatRate(first.lr)}; now at ${formatRate(last.lr)}.`,
    });
  }
}
