import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

type Columns = (readonly (number | null)[])[];

/** A chart that fills the width of its element. */
export interface Chart {
  draw(columns: Columns): void;
}

const probe = document.createElement('span');
probe.hidden = true;
document.body.append(probe);

/** The colour in a custom property, for a canvas. Browsers resolve light-dark() only in the `color` of an element. */
function colourOf(name: string): string {
  probe.style.color = `var(${name})`;
  return getComputedStyle(probe).color;
}

/** Gives labels to the powers of ten only. */
const powers = (_: uPlot, splits: number[]): string[] =>
  splits.map((split) => (Number.isInteger(Math.log10(split)) ? String(split) : ''));

/** Makes a line chart with the first column on the x axis. `logX` makes this axis logarithmic, for rates. */
export function createChart(
  id: string,
  colours: readonly string[],
  { logX = false, unit }: { logX?: boolean; unit?: (value: number) => string } = {},
): Chart {
  const element = document.getElementById(id)!;
  const axis = {
    stroke: () => colourOf('--soft'),
    grid: { stroke: () => colourOf('--line'), width: 1 },
    ticks: { stroke: () => colourOf('--line'), width: 1 },
  };
  const values = unit && ((_: uPlot, splits: number[]) => splits.map(unit));
  const chart = new uPlot(
    {
      width: Math.max(element.clientWidth, 100),
      height: 180,
      legend: { show: false },
      cursor: { drag: { x: false, y: false } },
      scales: { x: { time: false, ...(logX && { distr: 3 as const }) } },
      axes: [
        { ...axis, ...(logX && { values: powers }) },
        { ...axis, size: 56, ...(values && { values }) },
      ],
      series: [
        {},
        ...colours.map((name, index) => ({
          stroke: () => colourOf(name),
          width: 1.5,
          points: { show: index > 0, size: 6 },
          spanGaps: true,
        })),
      ],
    },
    [[], ...colours.map(() => [])],
    element,
  );
  new ResizeObserver(() => {
    if (element.clientWidth > 0) chart.setSize({ width: element.clientWidth, height: 180 });
  }).observe(element);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => chart.redraw(false));
  const title = element.parentElement?.querySelector('figcaption')?.textContent ?? '';
  element.setAttribute('role', 'img');
  element.setAttribute('aria-label', `${title}: nothing yet`);
  return {
    draw(columns) {
      chart.setData(columns.map((column) => [...column]) as uPlot.AlignedData);
      const last = columns.map((column) => column.filter((value) => value !== null).at(-1));
      const [at, ...values] = last.map((value) => Number(value).toPrecision(3));
      element.setAttribute('aria-label', `${title}: ${values.join(' and ')} at ${at}`);
    },
  };
}
