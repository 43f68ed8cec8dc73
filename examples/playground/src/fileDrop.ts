import { freshId, h } from './dom.ts';

/** Options of {@link fileDrop}. */
export interface FileDropOptions {
  readonly label: string;
  readonly hint: string;
  readonly accept?: string;
  readonly multiple?: boolean;
  readonly onFiles: (files: readonly File[]) => void;
}

/** An area on which files can be dropped, with a button to choose files. */
export function fileDrop({ label, hint, accept, multiple = false, onFiles }: FileDropOptions): HTMLElement {
  const id = freshId();
  const input = h('input', {
    ...{ type: 'file', id, accept, multiple, 'aria-describedby': `${id}-hint` },
    onchange: () => {
      take(input.files);
      // Without this, the same file could not be chosen again after a change.
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
