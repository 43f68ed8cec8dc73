import type { Point } from '@clr/report/curves';
import { scaleLinear, scaleLog } from 'd3-scale';
import { freshId, svg } from '../dom.ts';

/** One curve. */
export interface Line {
  readonly colour: string;
  readonly points: readonly Point[];
  /** Drawn thicker than the others. */
  readonly strong?: boolean;
  /** Drawn faintly, for raw values behind their mean. */
  readonly faint?: boolean;
  /** Tints the area below the curve. */
  readonly area?: boolean;
  /** Draws dots instead of a curve. */
  readonly dots?: boolean;
}

export interface Axis {
  readonly domain: readonly [number, number];
  readonly log?: boolean;
  /** True if the axis counts something, so that only whole numbers get labels. */
  readonly whole?: boolean;
  readonly format: (value: number) => string;
  readonly label?: string;
}

export interface Drawing {
  readonly x: Axis;
  readonly y: Axis;
  readonly lines: readonly Line[];
  /** The x positions of dashed lines, for troughs. */
  readonly marks?: readonly number[];
  readonly height: number;
  /** A description for screen readers. */
  readonly description: string;
  /** The x position under the pointer. */
  readonly pointer?: number;
}

type Scale = ((value: number) => number) & { ticks(count: number): number[]; invert(pixel: number): number };

const margin = { top: 12, right: 16, bottom: 30, left: 58 } as const;

/** A chart of lines as SVG, as wide as its element. It redraws when the width changes. */
export class LineChart {
  readonly #host: HTMLElement;
  readonly #svg: SVGSVGElement = svg('svg', { class: 'chart', role: 'img' });
  readonly #clip: string = freshId();
  #drawing: Drawing | undefined;
  #width = 0;

  /** @param onPoint - called with the x position under the pointer */
  constructor(host: HTMLElement, onPoint?: (x: number) => void) {
    this.#host = host;
    host.append(this.#svg);
    new ResizeObserver(() => {
      if (host.clientWidth !== this.#width && this.#drawing) this.draw(this.#drawing);
    }).observe(host);
    if (!onPoint) return;
    this.#svg.addEventListener('pointermove', (event) => {
      if (!this.#drawing) return;
      const { x } = this.#scales(this.#drawing);
      const [from, to] = this.#drawing.x.domain;
      const place = x.invert(event.clientX - this.#svg.getBoundingClientRect().left);
      onPoint(Math.min(to, Math.max(from, place)));
    });
  }

  draw(drawing: Drawing): void {
    this.#drawing = drawing;
    this.#width = this.#host.clientWidth;
    if (this.#width === 0) return;
    const { height, lines, description, marks = [] } = drawing;
    const [right, bottom] = [this.#width - margin.right, height - margin.bottom];
    const { x, y } = this.#scales(drawing);
    this.#svg.setAttribute('viewBox', `0 0 ${this.#width} ${height}`);
    this.#svg.setAttribute('height', String(height));
    this.#svg.setAttribute('aria-label', description);
    const inside = svg('g', { 'clip-path': `url(#${this.#clip})` });
    for (const mark of marks) {
      inside.append(svg('line', { class: 'mark', x1: x(mark), x2: x(mark), y1: margin.top, y2: bottom }));
    }
    // Thick curves are drawn last, and dots on top of them.
    const rank = ({ strong, dots }: Line): number => (dots ? 2 : strong ? 1 : 0);
    const order = [...lines].sort((a, b) => rank(a) - rank(b));
    for (const line of order) inside.append(...this.#line(line, x, y, bottom));
    const clip = svg('clipPath', { id: this.#clip });
    clip.append(
      svg('rect', {
        x: margin.left - 1,
        y: 0,
        width: Math.max(0, right - margin.left + 8),
        height: bottom + 2,
      }),
    );
    this.#svg.replaceChildren(clip, ...this.#axes(drawing, x, y, right, bottom), inside);
    this.#drawPointer(drawing, x, y, bottom);
  }

  /** Moves only the pointer mark. */
  point(pointer: number): void {
    if (!this.#drawing) return;
    this.#drawing = { ...this.#drawing, pointer };
    const { x, y } = this.#scales(this.#drawing);
    this.#drawPointer(this.#drawing, x, y, this.#drawing.height - margin.bottom);
  }

  #scales({ x, y, height }: Drawing): { x: Scale; y: Scale } {
    const scale = ({ domain, log }: Axis, range: [number, number]): Scale =>
      (log ? scaleLog() : scaleLinear()).domain(domain).range(range) as unknown as Scale;
    return {
      x: scale(x, [margin.left, this.#width - margin.right]),
      y: scale(y, [height - margin.bottom, margin.top]),
    };
  }

  #line(
    { points, colour, strong, faint, area, dots }: Line,
    x: Scale,
    y: Scale,
    bottom: number,
  ): SVGElement[] {
    const style = `--line: var(--${colour})`;
    const floor = y.invert(bottom);
    const placed = points.map(([px, py]) =>
      py === null ? null : ([x(px), y(this.#drawing?.y.log ? Math.max(py, floor) : py)] as const),
    );
    if (dots) {
      return placed.flatMap((place) =>
        place ? [svg('circle', { class: 'dot', style, cx: place[0], cy: place[1], r: 4.5 })] : [],
      );
    }
    let [path, pen] = ['', 'M'];
    for (const place of placed) {
      if (place) path += `${pen}${place[0].toFixed(1)} ${place[1].toFixed(1)}`;
      pen = place ? 'L' : 'M';
    }
    if (path === '') return [];
    const kind = strong ? 'strong' : faint ? 'faint' : '';
    const drawn: SVGElement[] = [svg('path', { class: `line ${kind}`, style, d: path })];
    const [first, last] = [placed[0], placed.at(-1)];
    if (area && first && last) {
      const d = `${path}L${last[0].toFixed(1)} ${bottom}L${first[0].toFixed(1)} ${bottom}Z`;
      drawn.unshift(svg('path', { class: 'area', style, d }));
    }
    return drawn;
  }

  #axes(drawing: Drawing, x: Scale, y: Scale, right: number, bottom: number): SVGElement[] {
    const parts: SVGElement[] = [];
    const yTicks = ticksOf(y, drawing.y, Math.max(2, Math.round(drawing.height / 55)));
    for (const tick of yTicks) {
      parts.push(svg('line', { class: 'grid', x1: margin.left, x2: right, y1: y(tick), y2: y(tick) }));
      parts.push(
        svg(
          'text',
          { x: margin.left - 10, y: y(tick), dy: '0.32em', 'text-anchor': 'end' },
          drawing.y.format(tick),
        ),
      );
    }
    const xTicks = ticksOf(x, drawing.x, Math.max(2, Math.round(this.#width / 130)));
    for (const tick of xTicks) {
      const anchor = x(tick) > right - 14 ? 'end' : x(tick) < margin.left + 14 ? 'start' : 'middle';
      parts.push(svg('text', { x: x(tick), y: bottom + 20, 'text-anchor': anchor }, drawing.x.format(tick)));
    }
    parts.push(svg('line', { class: 'base', x1: margin.left, x2: right, y1: bottom, y2: bottom }));
    return parts;
  }

  #drawPointer({ pointer, lines }: Drawing, x: Scale, y: Scale, bottom: number): void {
    this.#svg.querySelector('.pointer')?.remove();
    if (pointer === undefined || this.#width === 0) return;
    const group = svg('g', { class: 'pointer' });
    group.append(svg('line', { x1: x(pointer), x2: x(pointer), y1: margin.top, y2: bottom }));
    for (const { points, colour, faint, dots } of lines) {
      const value = faint || dots ? null : valueNear(points, pointer);
      if (value === null) continue;
      group.append(
        svg('circle', { style: `--line: var(--${colour})`, cx: x(pointer), cy: y(value), r: 4.5 }),
      );
    }
    this.#svg.append(group);
  }
}

/** The labels of an axis: round numbers, or powers of ten on a long logarithmic axis. */
function ticksOf(scale: Scale, { domain: [low, high], log, whole }: Axis, count: number): number[] {
  const ticks = scale.ticks(count).filter((tick) => !whole || Number.isInteger(tick));
  if (!log) return ticks;
  const decades = Math.log10(high / low);
  const every = Math.max(1, Math.ceil(decades / count));
  const powers = ticks.filter((tick) => Math.abs(Math.log10(tick) % 1) < 1e-9);
  if (powers.length >= 2) return powers.filter((tick) => Math.round(Math.log10(tick)) % every === 0);
  return ticks.filter((_, i) => i % Math.max(1, Math.ceil(ticks.length / count)) === 0);
}

/** The value of a curve at an x position, interpolated between two points. */
function valueNear(points: readonly Point[], at: number): number | null {
  let [low, high] = [0, points.length - 1];
  if (high < 0 || at < points[0]![0] || at > points[high]![0]) return null;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (points[middle]![0] <= at) low = middle;
    else high = middle;
  }
  const [[x0, y0], [x1, y1]] = [points[low]!, points[high]!];
  if (y0 === null || y1 === null) return null;
  return x1 === x0 ? y0 : y0 + ((y1 - y0) * (at - x0)) / (x1 - x0);
}
