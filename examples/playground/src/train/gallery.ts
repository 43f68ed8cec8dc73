import { h } from '../dom.ts';
import type { Guesses } from './protocol.ts';

const size = 28;

/** Some held-out digits with the model's predictions. */
export class Gallery {
  readonly element: HTMLElement;
  readonly #list: HTMLElement = h('ol', { class: 'digits' });

  constructor() {
    this.element = h(
      'figure',
      { hidden: true },
      h('figcaption', {}, h('h3', {}, 'The model’s guesses for held-out digits')),
      this.#list,
    );
  }

  clear(): void {
    this.element.hidden = true;
    this.#list.replaceChildren();
  }

  show({ images, answers, guesses }: Guesses): void {
    this.element.hidden = false;
    if (this.#list.childElementCount !== guesses.length) {
      this.#list.replaceChildren(
        ...answers.map((_, i) => h('li', {}, picture(images, i), h('span', { class: 'guess' }))),
      );
    }
    for (const [i, item] of [...this.#list.children].entries()) {
      const right = guesses[i] === answers[i];
      item.classList.toggle('wrong', !right);
      item.querySelector('.guess')!.textContent = right
        ? `${guesses[i]}`
        : `${guesses[i]}, not ${answers[i]}`;
    }
  }
}

/** Draws a digit in the text colour. The brightness of a pixel becomes its opacity, and CSS sets the colour. */
function picture(images: Uint8Array, index: number): HTMLElement {
  const canvas = h('canvas', { width: size, height: size });
  const context = canvas.getContext('2d')!;
  const data = context.createImageData(size, size);
  for (let pixel = 0; pixel < size * size; pixel++) {
    data.data[4 * pixel + 3] = images[index * size * size + pixel]!;
  }
  context.putImageData(data, 0, 0);
  const shape = h('span', { class: 'digit', 'aria-hidden': 'true' });
  shape.style.maskImage = `url(${canvas.toDataURL()})`;
  return shape;
}
