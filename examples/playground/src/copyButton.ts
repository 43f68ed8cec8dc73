import { h } from './dom.ts';

/** A button that copies text and confirms it. */
export function copyButton(label: string, text: () => string): HTMLButtonElement {
  const said = h('span', {}, label);
  const button = h('button', { type: 'button', class: 'quiet', 'aria-live': 'polite' }, said);
  let timer = 0;
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(text());
      said.textContent = 'Copied';
    } catch {
      said.textContent = 'The browser does not allow copying';
    }
    clearTimeout(timer);
    timer = window.setTimeout(() => {
      said.textContent = label;
    }, 1600);
  });
  return button;
}
