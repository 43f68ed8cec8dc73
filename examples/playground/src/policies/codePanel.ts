import type { Policy } from '@clr/core';
import { copyButton } from '../copyButton.ts';
import { freshId, h } from '../dom.ts';
import { targets } from './code/targets.ts';

/** The chosen policy as code for each library. */
export class CodePanel {
  readonly element: HTMLElement;
  readonly #tabs: readonly HTMLButtonElement[];
  readonly #code: HTMLElement = h('code');
  readonly #note: HTMLElement = h('p', { class: 'note' });
  readonly #panel: HTMLElement;
  #chosen = 0;
  #policy: Policy | undefined;
  #shown = 1;

  constructor() {
    const id = freshId();
    this.#tabs = targets.map(({ name }, i) =>
      h(
        'button',
        {
          type: 'button',
          role: 'tab',
          id: `${id}-${i}`,
          'aria-controls': id,
          onclick: () => this.#choose(i),
        },
        name,
      ),
    );
    const list = h('div', { class: 'tabs', role: 'tablist', 'aria-label': 'Library' }, ...this.#tabs);
    list.addEventListener('keydown', ({ key }) => {
      const step = key === 'ArrowRight' ? 1 : key === 'ArrowLeft' ? -1 : 0;
      if (step === 0) return;
      this.#choose((this.#chosen + step + targets.length) % targets.length);
      this.#tabs[this.#chosen]?.focus();
    });
    const copy = copyButton('Copy', () => this.#code.textContent ?? '');
    this.#panel = h(
      'div',
      { class: 'code', role: 'tabpanel', id },
      h('pre', { tabindex: 0 }, this.#code),
      this.#note,
      copy,
    );
    this.element = h(
      'section',
      { class: 'card code-panel', 'aria-labelledby': `${id}-title` },
      h('h2', { id: `${id}-title` }, 'As code'),
      list,
      this.#panel,
    );
    this.#choose(0);
  }

  show(policy: Policy, shown: number): void {
    this.#policy = policy;
    this.#shown = shown;
    const target = targets[this.#chosen]!;
    const found = target.translate(policy, shown);
    const missing = 'missing' in found;
    this.#code.textContent = missing ? '' : found.code;
    this.#note.textContent = missing
      ? `${found.missing} So there is nothing here to copy.`
      : (found.note ?? '');
    this.#panel.classList.toggle('missing', missing);
  }

  #choose(index: number): void {
    this.#chosen = index;
    for (const [i, tab] of this.#tabs.entries()) {
      tab.setAttribute('aria-selected', String(i === index));
      tab.tabIndex = i === index ? 0 : -1;
    }
    this.#panel.setAttribute('aria-labelledby', this.#tabs[index]!.id);
    if (this.#policy) this.show(this.#policy, this.#shown);
  }
}
