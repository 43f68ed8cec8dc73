import type { Policy } from '@clr/core';
import { freshId, h } from '../dom.ts';
import { fileDrop } from '../fileDrop.ts';
import { numberIn } from '../numberIn.ts';
import type { DroppedFiles, RunSettings } from './protocol.ts';

/** The number of built-in digits to train on. */
const allDigits = 4000;

const rates = [
  ['decay', 'found, then a decay'],
  ['cycles', 'found, then cycles'],
  ['wsd', 'found, then stable with cooldowns (wsd)'],
  ['fixed', 'found, then constant'],
  ['policy', 'the policy that I drew'],
] as const;
const heads: readonly RunSettings['head'][] = ['as it is', 'new', 'new, alone'];
const headNames = [
  'all layers as they are',
  'a new last layer and all other layers',
  'a new last layer alone',
];

/** The form for the settings of a training run. */
export class SetUp {
  readonly element: HTMLElement;
  readonly #policy: () => Policy;
  readonly #onChange: () => void;
  readonly #source: HTMLSelectElement;
  readonly #rates: HTMLSelectElement;
  readonly #head: HTMLSelectElement;
  readonly #optimizer: HTMLSelectElement;
  readonly #device: HTMLSelectElement;
  readonly #epochs: HTMLInputElement;
  readonly #batch: HTMLInputElement;
  readonly #fault: HTMLElement = h('p', { class: 'fault', role: 'alert' });
  readonly #fieldset: HTMLFieldSetElement;
  readonly #files: HTMLElement;
  #model: File | undefined;
  #data: File | undefined;

  constructor(policy: () => Policy, onChange: () => void) {
    this.#policy = policy;
    this.#onChange = onChange;
    const select = (options: readonly string[]) =>
      h(
        'select',
        { id: freshId(), onchange: () => this.#changed() },
        ...options.map((option) => h('option', {}, option)),
      );
    const number = (value: number) =>
      h('input', {
        ...{ type: 'text', inputmode: 'numeric', id: freshId(), value, autocomplete: 'off' },
        oninput: () => this.#changed(),
      });
    const field = (label: string, control: HTMLElement, kind = 'choice') =>
      h('div', { class: `field ${kind}` }, h('label', { for: control.id }, label), control);
    this.#source = select(['handwritten digits', 'my model and data']);
    this.#rates = select(rates.map(([, name]) => name));
    this.#head = select(headNames);
    this.#optimizer = select(['SGD with momentum', 'Adam']);
    this.#device = select(['the processor', 'the graphics card (WebGPU)']);
    this.#epochs = number(5);
    this.#batch = number(32);
    const taken = (label: string, accept: string | undefined, hint: string, take: (file: File) => void) => {
      const name = h('p', { class: 'taken' });
      const drop = fileDrop({
        ...{ label, hint, ...(accept !== undefined && { accept }) },
        onFiles: ([file]) => {
          take(file!);
          name.textContent = file!.name;
          this.#changed();
        },
      });
      drop.append(name);
      return drop;
    };
    this.#files = h(
      'div',
      { class: 'files', hidden: true },
      taken('Model file', '.onnx', 'An ONNX file.', (file) => {
        this.#model = file;
      }),
      taken(
        'Data file',
        undefined,
        '.npz, .npy, .safetensors, CSV or Parquet; a fifth is held out. The target of a table is its column target, label, class or y, or else the last one.',
        (file) => {
          this.#data = file;
        },
      ),
      field('Trained', this.#head),
    );
    this.#fieldset = h(
      'fieldset',
      { class: 'form' },
      h('legend', { class: 'unseen' }, 'What is trained'),
      field('Data', this.#source),
      this.#files,
      field('Learning rate', this.#rates),
      field('Epochs', this.#epochs, 'number'),
      field('Batch', this.#batch, 'number'),
      field('Optimizer', this.#optimizer),
      'gpu' in navigator && field('Runs on', this.#device),
    );
    this.element = h('div', {}, this.#fieldset, this.#fault);
  }

  /** True if training can start: a model and data are chosen, or the built-in digits. */
  get complete(): boolean {
    return this.#source.selectedIndex === 0 || (this.#model !== undefined && this.#data !== undefined);
  }

  /** True if no file was chosen in this visit, so that a stored run can be trained again with its own files. */
  get untouched(): boolean {
    return this.#model === undefined && this.#data === undefined;
  }

  lock(locked: boolean): void {
    this.#fieldset.disabled = locked;
  }

  /** Reads the form. Returns undefined and shows a sentence if a value is invalid. */
  read(): { settings: RunSettings; files?: DroppedFiles } | undefined {
    const [epochs, batch] = [this.#epochs, this.#batch].map(({ value }) => Number(numberIn(value, true))) as [
      number,
      number,
    ];
    for (const [input, value] of [
      [this.#epochs, epochs],
      [this.#batch, batch],
    ] as const) {
      input.setAttribute('aria-invalid', String(!(Number.isSafeInteger(value) && value >= 1)));
    }
    if (!(Number.isSafeInteger(epochs) && epochs >= 1 && Number.isSafeInteger(batch) && batch >= 1)) {
      this.#fault.textContent = 'Epochs and batch must be whole numbers above 0.';
      return undefined;
    }
    this.#fault.textContent = '';
    const [plan] = rates[this.#rates.selectedIndex]!;
    const isDigits = this.#source.selectedIndex === 0;
    const settings: RunSettings = {
      source: isDigits ? { kind: 'digits', count: digitsWanted() } : { kind: 'files' },
      ...{ epochs, batch, optimizer: this.#optimizer.selectedIndex === 1 ? 'adam' : 'sgd' },
      rates: plan === 'policy' ? { policy: this.#policy() } : { plan },
      head: isDigits ? 'as it is' : heads[this.#head.selectedIndex]!,
      device: this.#device.selectedIndex === 1 ? 'webgpu' : 'wasm',
    };
    return !isDigits && this.#model && this.#data
      ? { settings, files: { model: this.#model, data: this.#data } }
      : { settings };
  }

  /** Shows the settings of a stored run. */
  show(settings: RunSettings): void {
    this.#source.selectedIndex = settings.source.kind === 'digits' ? 0 : 1;
    const { rates: wanted } = settings;
    this.#rates.selectedIndex = rates.findIndex(
      ([name]) => name === ('plan' in wanted ? wanted.plan : 'policy'),
    );
    this.#head.selectedIndex = heads.indexOf(settings.head);
    this.#optimizer.selectedIndex = settings.optimizer === 'adam' ? 1 : 0;
    this.#device.selectedIndex = settings.device === 'webgpu' ? 1 : 0;
    this.#epochs.value = String(settings.epochs);
    this.#batch.value = String(settings.batch);
    this.#changed();
  }

  #changed(): void {
    this.#files.hidden = this.#source.selectedIndex === 0;
    this.#onChange();
  }
}

/** Fewer digits for a slow machine: `?digits=640`. */
const digitsWanted = (): number => {
  const wanted = Number(new URLSearchParams(location.search).get('digits'));
  return Number.isSafeInteger(wanted) && wanted > 0 ? wanted : allDigits;
};
