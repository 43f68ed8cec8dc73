import { type AnalyzeOptions, analyzeRangeTest, type LossSmoothing } from '@clr/core';
import { type CurveOptions, readCurve } from '@clr/data/curves';
import { describeFinding } from '@clr/report/words';
import { freshId, h } from '../dom.ts';
import { fileDrop } from '../fileDrop.ts';
import { numberIn } from '../numberIn.ts';
import type { Shared } from '../policies/shared.ts';
import { problemText } from '../problem.ts';
import { RangePicture } from '../rangePicture.ts';
import { saveFile } from '../saveFile.ts';
import { policiesOf } from './policiesOf.ts';

interface Curve {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const smoothings = ['as the tool does it', 'none', 'fastai', 'lightning', 'lr-finder'] as const;
const updates = ['as the file says', 'sgd', 'momentum', 'adaptive'] as const;
/** The default number of training steps. */
const usualSteps = 500;

/** The view that analyses and draws range tests of any tool. */
export class AnalyzeView {
  readonly element: HTMLElement;
  #curves: readonly Curve[] = [];
  readonly #picture: RangePicture = new RangePicture();
  readonly #notes: HTMLElement = h('ul', { class: 'notes' });
  readonly #words: HTMLElement = h('div', { class: 'words' });
  readonly #result: HTMLElement;
  readonly #fault: HTMLElement = h('p', { class: 'notice', role: 'alert' });
  readonly #draw: HTMLButtonElement;
  readonly #steps: HTMLInputElement;
  readonly #update: HTMLSelectElement;
  readonly #lr: HTMLInputElement;
  readonly #loss: HTMLInputElement;
  readonly #smoothing: HTMLSelectElement;
  readonly #corrections: HTMLDetailsElement;
  #found: Shared | undefined;
  #json = '';

  /** @param onPolicies - called with policies to draw */
  constructor(onPolicies: (shared: Shared) => void) {
    const again = () => void this.#analyze();
    const text = (placeholder: string) =>
      h('input', {
        type: 'text',
        id: freshId(),
        placeholder,
        autocomplete: 'off',
        spellcheck: 'false',
        onchange: again,
      });
    const select = (options: readonly string[]) =>
      h('select', { id: freshId(), onchange: again }, ...options.map((option) => h('option', {}, option)));
    const field = (label: string, control: HTMLElement) =>
      h('div', { class: 'field choice' }, h('label', { for: control.id }, label), control);
    this.#steps = text(String(usualSteps));
    this.#update = select(updates);
    this.#lr = text('guessed');
    this.#loss = text('guessed');
    this.#smoothing = select(smoothings);
    this.#draw = h(
      'button',
      { type: 'button', class: 'primary', onclick: () => this.#found && onPolicies(this.#found) },
      'Draw these policies',
    );
    const actions = h(
      'div',
      { class: 'actions' },
      this.#draw,
      h(
        'button',
        { type: 'button', onclick: () => saveFile('range-test.svg', this.#picture.svg(), 'image/svg+xml') },
        'Save the picture',
      ),
      h(
        'button',
        { type: 'button', onclick: () => saveFile('finding.json', this.#json, 'application/json') },
        'Save the finding',
      ),
    );
    this.#corrections = h(
      'details',
      { class: 'more' },
      h('summary', {}, 'Correct what was guessed'),
      field('Steps of the training', this.#steps),
      field('Optimizer', this.#update),
      field('Column of the rate', this.#lr),
      field('Column of the loss', this.#loss),
      field('Smoothing of the losses', this.#smoothing),
    );
    this.#result = h(
      'section',
      { class: 'card result', 'aria-label': 'What the range test says', hidden: true },
      this.#words,
      actions,
      this.#picture.element,
      this.#notes,
    );
    this.element = h(
      'div',
      { class: 'view analyze' },
      h(
        'header',
        { class: 'intro' },
        h('h1', {}, 'What a range test says'),
        h(
          'p',
          {},
          'Drop the record of a learning-rate range test, and get the rates to train with, their confidence, and the reasons.',
        ),
      ),
      h(
        'section',
        { class: 'card', 'aria-label': 'Curves' },
        fileDrop({
          label: 'Choose files',
          hint: 'Or drop them here: records of clr, fastai, pytorch-lr-finder, Lightning, Keras, TensorBoard, Weights & Biases, MLflow or Transformers, or any CSV or JSON with a rate and a loss. Several records of one model are read together.',
          multiple: true,
          onFiles: (files) => void this.#read(files),
        }),
        h(
          'button',
          { type: 'button', class: 'quiet', onclick: () => void this.#example() },
          'Try an example',
        ),
        this.#corrections,
        this.#fault,
      ),
      this.#result,
    );
  }

  async #read(files: readonly File[]): Promise<void> {
    try {
      this.#curves = await Promise.all(
        files.map(async (file) => ({ name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) })),
      );
    } catch {
      const names = files.map(({ name }) => name).join(', ');
      this.#fail(`${names} cannot be read. Drop files that exist; a folder is not a file.`);
      return;
    }
    await this.#analyze();
  }

  async #example(): Promise<void> {
    const { default: text } = await import('./example.csv?raw');
    this.#curves = [{ name: 'example.csv', bytes: new TextEncoder().encode(text) }];
    await this.#analyze();
  }

  async #analyze(): Promise<void> {
    if (this.#curves.length === 0) return;
    this.#fault.textContent = '';
    try {
      const { curve, analysis, steps } = this.#options();
      const curves = this.#curves.map(({ name, bytes }) => readCurve(bytes, { ...curve, name }));
      const traces = curves.map(({ trace }) => trace);
      const finding = analyzeRangeTest(traces, analysis);
      const [first = '', ...sentences] = describeFinding(finding);
      this.#found = policiesOf(finding, steps);
      this.#json = JSON.stringify(finding, null, 2);
      this.#words.replaceChildren(
        h('h2', { class: 'lead' }, first),
        ...sentences.map((sentence) => h('p', {}, sentence)),
      );
      this.#notes.replaceChildren(
        ...curves.flatMap(({ notes }, i) =>
          notes.map((note) => h('li', {}, `${this.#curves[i]!.name}: ${note}`)),
        ),
      );
      this.#draw.hidden = this.#found === undefined;
      this.#result.hidden = false;
      await this.#picture.show(traces, finding);
    } catch (error) {
      this.#fail(problemText(error));
      // Unknown names of columns can be entered there.
      this.#corrections.open = true;
    }
  }

  #fail(text: string): void {
    this.#result.hidden = true;
    this.#picture.clear();
    this.#fault.textContent = text;
  }

  #options(): { curve: CurveOptions; analysis: AnalyzeOptions; steps: number } {
    const [lr, loss] = [this.#lr, this.#loss].map(({ value }) => value.trim());
    // Core refuses text, and quotes it.
    const steps = (this.#steps.value.trim() ? numberIn(this.#steps.value, true) : usualSteps) as number;
    const smoothing = smoothings[this.#smoothing.selectedIndex]!;
    const update = updates[this.#update.selectedIndex]!;
    return {
      curve: {
        ...(lr && { lr }),
        ...(loss && { loss }),
        ...(smoothing !== smoothings[0] && { smoothing: smoothing as LossSmoothing }),
      },
      analysis: {
        steps,
        ...(update !== updates[0] && { updateKind: update }),
      },
      steps,
    };
  }
}
