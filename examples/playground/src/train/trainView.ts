import type { Policy } from '@clr/core';
import { describeFinding, formatCount, formatNumber, formatRate, formatShare } from '@clr/report/words';
import { freshId, h } from '../dom.ts';
import { RangePicture } from '../rangePicture.ts';
import { saveFile } from '../saveFile.ts';
import { Gallery } from './gallery.ts';
import { LiveCharts } from './liveCharts.ts';
import type { Command, Event, History, Measured, Step } from './protocol.ts';
import { SetUp } from './setUp.ts';

type State = 'loading' | 'empty' | 'running' | 'paused' | 'done';

/** The view for training in this tab. A worker does the work. */
export class TrainView {
  readonly element: HTMLElement;
  readonly #worker: Worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  readonly #setUp: SetUp;
  readonly #charts: LiveCharts = new LiveCharts();
  readonly #gallery: Gallery = new Gallery();
  readonly #picture: RangePicture = new RangePicture();
  readonly #found: HTMLDetailsElement;
  readonly #words: HTMLElement = h('div', { class: 'words' });
  readonly #status: HTMLElement = h('p', { class: 'status', role: 'status' });
  readonly #notes: HTMLElement = h('ul', { class: 'notes' });
  readonly #run: HTMLButtonElement;
  readonly #again: HTMLButtonElement;
  readonly #save: HTMLButtonElement;
  readonly #figures: Readonly<Record<'step' | 'rate' | 'loss' | 'right', HTMLElement>>;
  #state: State = 'loading';
  #steps = 0;
  /** True during a range test, which cannot be paused. After a stop it starts from the beginning. */
  #searching = false;

  /** @param policy - the policy chosen in the other part of the page */
  constructor(policy: () => Policy) {
    this.#setUp = new SetUp(policy, () => this.#show());
    this.#run = h('button', { type: 'button', class: 'primary', onclick: () => this.#press() }, 'Train');
    this.#again = h('button', { type: 'button', onclick: () => this.#startOver() }, 'Start over');
    this.#save = h(
      'button',
      { type: 'button', onclick: () => this.#ask({ type: 'export' }) },
      'Save the model',
    );
    const figure = (): HTMLElement => h('dd', {}, '–');
    this.#figures = { step: figure(), rate: figure(), loss: figure(), right: figure() };
    const names = { step: 'Step', rate: 'Rate', loss: 'Held-out loss', right: 'Held-out accuracy' } as const;
    this.#found = h(
      'details',
      { class: 'more found', hidden: true },
      h('summary', {}, 'How the rate was found'),
      this.#words,
      this.#picture.element,
    );
    const title = freshId();
    this.element = h(
      'div',
      { class: 'view train' },
      h(
        'header',
        { class: 'intro' },
        h('h1', {}, 'Train in this tab'),
        h(
          'p',
          {},
          'A range test finds the rate, then the model learns while you watch. You may close the tab at any time: next time the run continues where it stopped.',
        ),
      ),
      h(
        'section',
        { class: 'card set-up', 'aria-label': 'What is trained' },
        this.#setUp.element,
        h('div', { class: 'actions' }, this.#run, this.#again, this.#save),
      ),
      h(
        'section',
        { class: 'card progress', 'aria-labelledby': title },
        h('h2', { id: title, class: 'unseen' }, 'Progress'),
        this.#status,
        h(
          'dl',
          {},
          ...Object.entries(this.#figures).map(([name, value]) =>
            h('div', {}, h('dt', {}, names[name as keyof typeof names]), value),
          ),
        ),
        this.#gallery.element,
        this.#charts.element,
        this.#found,
        this.#notes,
      ),
    );
    this.#worker.addEventListener('message', ({ data }: MessageEvent<Event>) => this.#hear(data));
    this.#worker.addEventListener('error', () =>
      this.#fault('The worker did not start. Load the page again.'),
    );
    this.#show();
    this.#ask({ type: 'look' });
  }

  #ask(command: Command): void {
    this.#worker.postMessage(command);
  }

  #press(): void {
    if (this.#state === 'running') {
      this.#run.disabled = true;
      this.#ask({ type: 'pause' });
      return;
    }
    if (this.#state === 'paused') this.#ask({ type: 'resume' });
    else {
      const start = this.#setUp.read();
      if (!start) return;
      this.#forgetPictures();
      this.#ask({ type: 'start', ...start });
    }
    this.#become('running', 'Getting ready …');
  }

  #startOver(): void {
    this.#forgetPictures();
    this.#ask({ type: 'forget' });
  }

  #forgetPictures(): void {
    this.#charts.clear();
    this.#gallery.clear();
    this.#picture.clear();
    this.#found.hidden = true;
    this.#notes.replaceChildren();
    for (const figure of Object.values(this.#figures)) figure.textContent = '–';
  }

  #hear(event: Event): void {
    switch (event.type) {
      case 'kept':
        if (event.history) this.#welcome(event.history, event.step ?? 0);
        else this.#become('empty', 'Nothing is trained yet.');
        return;
      case 'status':
        this.#status.textContent = event.text;
        return;
      case 'notes':
        this.#notes.replaceChildren(...event.notes.map((note) => h('li', {}, note)));
        return;
      case 'sweep':
        this.#charts.sweep(event.points);
        this.#search(true);
        this.#figures.rate.textContent = formatRate(event.points.at(-1)?.lr ?? 0);
        return;
      case 'found':
        void this.#showFinding(event);
        return;
      case 'training':
        this.#search(false);
        this.#begin(event.history);
        this.#status.textContent = `Training with ${event.history.policy.type}: ${formatCount(event.history.steps)} steps.`;
        return;
      case 'steps':
        this.#charts.add(event.steps);
        this.#showStep(event.steps.at(-1));
        return;
      case 'measured':
        this.#charts.measure(event.measured);
        this.#showMeasured(event.measured);
        return;
      case 'guesses':
        this.#gallery.show(event.guesses);
        return;
      case 'stopped':
        this.#stopped(event.why, event.step);
        return;
      case 'model':
        saveFile(event.name, event.bytes as BlobPart, 'application/octet-stream');
        return;
      case 'fault':
        this.#fault(event.text, event.stored);
    }
  }

  #search(searching: boolean): void {
    if (this.#searching === searching) return;
    this.#searching = searching;
    // Once, and not at every step, because screen readers read each change of the status.
    if (searching) this.#status.textContent = 'Range test: the rate rises. The model is restored afterwards.';
    this.#show();
  }

  #welcome(history: History, step: number): void {
    this.#setUp.show(history.settings);
    this.#begin(history);
    this.#showStep(history.done.at(-1));
    const last = history.measured.at(-1);
    if (last) this.#showMeasured(last);
    if (history.found) void this.#showFinding(history.found);
    if (step >= history.steps)
      this.#become('done', `Welcome back. The training is done: ${formatCount(step)} steps.`);
    else
      this.#become(
        'paused',
        `Welcome back. The run is stored at step ${formatCount(step)} of ${formatCount(history.steps)}.`,
      );
  }

  #begin(history: History): void {
    this.#steps = history.steps;
    this.#charts.training(history);
  }

  async #showFinding({ trace, finding }: NonNullable<History['found']>): Promise<void> {
    this.#words.replaceChildren(...describeFinding(finding).map((sentence) => h('p', {}, sentence)));
    this.#found.hidden = false;
    this.#found.open = finding.suggestion === null;
    await this.#picture.show(trace, finding);
  }

  #showStep(step: Step | undefined): void {
    if (!step) return;
    this.#figures.step.textContent = `${formatCount(step.step + 1)} / ${formatCount(this.#steps)}`;
    this.#figures.rate.textContent = formatRate(step.lr);
  }

  #showMeasured({ loss, accuracy }: Measured): void {
    this.#figures.loss.textContent = loss === null ? 'not finite' : formatNumber(loss, 3);
    this.#figures.right.textContent = accuracy === undefined ? '–' : formatShare(accuracy);
  }

  #stopped(why: (Event & { type: 'stopped' })['why'], step: number): void {
    if (why === 'done') this.#become('done', `Done after ${formatCount(step)} steps. The model is yours.`);
    else if (why === 'nothing found') {
      this.#become(
        'empty',
        'The range test found no rate to train with; the reasons are below. Nothing was trained.',
      );
    } else if (why === 'not begun')
      this.#become('empty', 'The range test was stopped. Next time it starts from the beginning.');
    else
      this.#become(
        'paused',
        `Paused and stored at step ${formatCount(step)}. You can close the tab and resume later.`,
      );
  }

  #fault(text: string, state: State = 'empty'): void {
    this.#become(state, text);
    this.#status.classList.add('fault');
  }

  #become(state: State, text: string): void {
    this.#state = state;
    this.#searching = false;
    this.#status.classList.remove('fault');
    this.#status.textContent = text;
    this.#show();
  }

  #show(): void {
    const state = this.#state;
    this.#run.textContent = {
      loading: 'Train',
      empty: 'Train',
      running: this.#searching ? 'Stop' : 'Pause',
      paused: 'Resume',
      done: 'Train again',
    }[state];
    const { complete, untouched } = this.#setUp;
    this.#run.disabled =
      state === 'loading' || ((state === 'empty' || (state === 'done' && !untouched)) && !complete);
    this.#again.hidden = state !== 'paused';
    this.#save.hidden = state !== 'paused' && state !== 'done';
    this.#setUp.lock(state === 'running' || state === 'paused');
  }
}
