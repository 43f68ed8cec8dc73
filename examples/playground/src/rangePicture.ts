import type { RangeTestFinding, RangeTestTrace } from '@clr/core';
import { h } from './dom.ts';

/** The least width of a picture. On a narrower page it is scaled. */
const narrowest = 280;

/** The picture of a range test, as wide as its element. `@clr/report` is loaded with the first picture. */
export class RangePicture {
  readonly element: HTMLElement = h('div', { class: 'range-picture' });
  #width = 0;
  #draw: ((width: number) => string) | undefined;

  constructor() {
    new ResizeObserver(() => this.#redraw()).observe(this.element);
  }

  async show(traces: RangeTestTrace | readonly RangeTestTrace[], finding: RangeTestFinding): Promise<void> {
    const { renderRangeTest } = await import('@clr/report');
    this.#draw = (width) =>
      renderRangeTest(traces, finding, { width, title: 'Learning-rate range test', showTitle: false });
    this.#width = 0;
    this.#redraw();
  }

  /** The picture as a file. */
  svg(): string {
    return this.#draw?.(960) ?? '';
  }

  clear(): void {
    this.#draw = undefined;
    this.element.replaceChildren();
  }

  #redraw(): void {
    const width = Math.floor(this.element.clientWidth);
    if (!this.#draw || width === 0 || width === this.#width) return;
    this.#width = width;
    // This is safe, because @clr/report escapes all text in its pictures.
    this.element.innerHTML = this.#draw(Math.max(narrowest, width));
  }
}
