import { freshId, h } from './dom.ts';

/** Options of {@link fileDrop}. */
export interface FileDropOptions {
  readonly label: string;
  readonly hint: string;
  readonly accept?: string;
  readonly multiple?: boolean;
  readonly onFiles: (files: readonly File[]) => void;
}

/** A place for files: they are dropped on it, or chosen with its button. */
export function fileDrop({ label, hint, accept, multiple = false, onFiles }: FileDropOptions): HTMLElement {
  const id = freshId();
  const input = h('input', {
    ...{ type: 'file', id, accept, multiple, 'aria-describedby': `${id}-hint` },
    onchange: () => {
      take(input.files);
      // So that the same file can be chosen again after it was changed.
      input.value = '';
    },
  });
  const take = (files: FileList | null | undefined): void => {
    if (files && files.length > 0) onFiles(multiple ? [...files] : [files[0]!]);
  };
  const element = h(
    'div',
    { class: 'drop' },
    h('label', { for: id, class: 'button' }, label),
    input,
    h('p', { class: 'hint', id: `${id}-hint` }, hint),
  );
  for (const type of ['dragenter', 'dragover'] as const) {
    element.addEventListener(type, (event) => {
      event.preventDefault();
      element.classList.add('over');
    });
  }
  for (const type of ['dragleave', 'drop'] as const) {
    element.addEventListener(type, () => element.classList.remove('over'));
  }
  element.addEventListener('drop', (event) => {
    event.preventDefault();
    take(event.dataTransfer?.files);
  });
  return element;
}
