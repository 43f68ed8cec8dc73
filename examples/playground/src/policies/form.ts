import { type Child, freshId, h } from '../dom.ts';
import { numberIn } from '../numberIn.ts';
import {
  at,
  type ChoiceField,
  type Draft,
  type Field,
  fieldsOf,
  type NumberField,
  put,
  type TextField,
} from './fields.ts';
import { placeOf, placesOf, valueAt } from './slider.ts';

/** An error in the draft, and its field. */
export interface Fault {
  readonly path: string;
  readonly text: string;
}

interface Control {
  readonly field: Field;
  readonly element: HTMLElement;
  /** Shows the draft's value, except in an input that has the focus. */
  readonly show: (draft: Draft) => void;
  readonly fault: (text: string | undefined) => void;
}

/** The form for the numbers of one policy. */
export class Form {
  readonly #host: HTMLElement;
  readonly #onChange: (draft: Draft) => void;
  #draft: Draft = { type: 'constant' };
  #shape = '';
  #controls: readonly Control[] = [];
  #open = false;

  constructor(host: HTMLElement, onChange: (draft: Draft) => void) {
    this.#host = host;
    this.#onChange = onChange;
  }

  show(draft: Draft, fault?: Fault): void {
    this.#draft = draft;
    const fields = fieldsOf[draft.type].filter(({ when }) => when?.(draft) ?? true);
    const shape = [draft.type, ...fields.map(({ path }) => path)].join(' ');
    if (shape !== this.#shape) this.#build(fields);
    this.#shape = shape;
    for (const control of this.#controls) {
      control.show(draft);
      control.fault(fault?.path === control.field.path ? fault.text : undefined);
    }
    const homeless = fault && !fields.some(({ path }) => path === fault.path);
    const general = this.#host.querySelector('.general-fault');
    if (general) general.textContent = homeless ? fault.text : '';
  }

  #build(fields: readonly Field[]): void {
    const before = (document.activeElement as HTMLElement | null)?.dataset.path;
    this.#controls = fields.map((field) => this.#control(field));
    const [first, more] = [false, true].map((rare) =>
      this.#controls.filter(({ field }) => (field.more ?? false) === rare).map(({ element }) => element),
    ) as [HTMLElement[], HTMLElement[]];
    this.#open = this.#host.querySelector('details')?.open ?? this.#open;
    const details = h('details', { class: 'more', open: this.#open }, h('summary', {}, 'More'), ...more);
    this.#host.replaceChildren(
      ...first,
      ...(more.length > 0 ? [details] : []),
      h('p', { class: 'fault general-fault', role: 'alert' }),
    );
    if (before) this.#host.querySelector<HTMLElement>(`[data-path="${before}"]`)?.focus();
  }

  #control(field: Field): Control {
    if (field.kind === 'number') return this.#number(field);
    return field.kind === 'choice' ? this.#choice(field) : this.#text(field);
  }

  #set(field: Field, value: unknown): void {
    this.#onChange(put(this.#draft, field.path, value));
  }

  #frame(field: Field, id: string, ...controls: Child[]) {
    const fault = h('p', { class: 'fault', id: `${id}-fault` });
    const element = h(
      'div',
      { class: `field ${field.kind}` },
      h('label', { for: id }, `${field.label} `, h('code', {}, field.path)),
      ...controls,
      field.hint !== undefined && h('p', { class: 'hint', id: `${id}-hint` }, field.hint),
      fault,
    );
    const tell = (input: HTMLElement) => (text: string | undefined) => {
      fault.textContent = text ?? '';
      input.setAttribute('aria-invalid', String(text !== undefined));
    };
    return { element, tell };
  }

  #describedBy = (field: Field, id: string): string =>
    field.hint === undefined ? `${id}-fault` : `${id}-hint ${id}-fault`;

  #number(field: NumberField): Control {
    const id = freshId();
    const common = { 'aria-describedby': this.#describedBy(field, id) };
    const input = h('input', {
      ...{ id, type: 'text', inputmode: 'decimal', autocomplete: 'off', spellcheck: 'false' },
      ...{ 'data-path': field.path, ...common },
      oninput: () => {
        const isEmpty = input.value.trim() === '';
        this.#set(field, isEmpty && field.preset ? undefined : numberIn(input.value, field.whole));
      },
      onblur: () => this.#controls.find((control) => control.field === field)?.show(this.#draft),
    });
    const places = placesOf(field);
    const slider = h('input', {
      ...{ type: 'range', min: 0, max: places, step: 1, 'aria-label': `${field.label}: slider` },
      oninput: () => this.#set(field, valueAt(field, Number(slider.value))),
    });
    const { element, tell } = this.#frame(field, id, input, slider);
    return {
      ...{ field, element, fault: tell(input) },
      show: (draft) => {
        const value = at(draft, field.path) as number | string | undefined;
        const held = value ?? field.preset?.(draft) ?? Number.NaN;
        if (document.activeElement !== input) input.value = value === undefined ? '' : String(value);
        input.placeholder = value === undefined && Number.isFinite(held) ? String(held) : '';
        if (typeof held === 'number' && Number.isFinite(held)) {
          // Several positions may stand for one value. The slider then stays where it is, so that arrow keys pass them.
          if (valueAt(field, Number(slider.value)) !== held) slider.value = String(placeOf(field, held));
          slider.setAttribute('aria-valuetext', String(held));
        }
        slider.style.setProperty('--way', `${(100 * Number(slider.value)) / places}%`);
      },
    };
  }

  #choice(field: ChoiceField): Control {
    const id = freshId();
    const select = h(
      'select',
      {
        ...{ id, 'data-path': field.path, 'aria-describedby': this.#describedBy(field, id) },
        onchange: () => this.#set(field, field.options[select.selectedIndex]?.value),
      },
      ...field.options.map(({ label }) => h('option', {}, label)),
    );
    const { element, tell } = this.#frame(field, id, select);
    return {
      ...{ field, element, fault: tell(select) },
      show: (draft) => {
        const value = at(draft, field.path);
        const found = field.options.findIndex((option) => alike(option.value, value));
        select.selectedIndex = Math.max(0, found);
      },
    };
  }

  #text(field: TextField): Control {
    const id = freshId();
    const area = h('textarea', {
      ...{ id, rows: 10, spellcheck: 'false', 'data-path': field.path },
      ...{ 'aria-describedby': this.#describedBy(field, id) },
      oninput: () => this.#set(field, parse(area.value, field)),
    });
    const { element, tell } = this.#frame(field, id, area);
    return {
      ...{ field, element, fault: tell(area) },
      show: (draft) => {
        const value = at(draft, field.path);
        if (document.activeElement === area || typeof value === 'string') return;
        area.value =
          field.format === 'json' ? JSON.stringify(value, null, 2) : (value as readonly number[]).join('\n');
      },
    };
  }
}

/** True if an option matches a value: both are equal, or both are objects of the same `type`. */
function alike(option: unknown, value: unknown): boolean {
  if (typeof option !== 'object' || typeof value !== 'object') return option === value;
  return (option as { type?: string }).type === (value as { type?: string } | null)?.type;
}

/** Parses a list. Returns other text unchanged, which core then refuses. */
function parse(text: string, { format }: TextField): unknown {
  if (format === 'numbers')
    return text
      .split(/[\s,;]+/)
      .filter((part) => part !== '')
      .map(Number);
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
