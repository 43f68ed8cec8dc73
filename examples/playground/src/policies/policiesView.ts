import { oneCycle, type Policy, PolicyError, parsePolicy, toSchedule, triangular2 } from '@clr/core';
import { policyPoints } from '@clr/report/curves';
import { formatCount, formatRate } from '@clr/report/words';
import { type Line, LineChart } from '../chart/lineChart.ts';
import { copyButton } from '../copyButton.ts';
import { freshId, h } from '../dom.ts';
import { numberIn } from '../numberIn.ts';
import { problemText } from '../problem.ts';
import { CodePanel } from './codePanel.ts';
import type { Draft } from './fields.ts';
import { type Fault, Form } from './form.ts';
import { kindOf, kinds } from './kinds.ts';
import { commonLength, maxSteps } from './lengths.ts';
import { maxPolicies, type Shared, toLink } from './shared.ts';

interface Item {
  /** The last valid state of the draft. */
  readonly policy: Policy;
  readonly draft: Draft;
  readonly fault?: Fault;
  readonly colour: string;
}

const colours = ['blue', 'orange', 'green', 'purple', 'red'] as const;

const first: Shared = {
  policies: [
    triangular2({ baseLr: 0.001, maxLr: 0.006, stepSize: 500 }),
    oneCycle({ maxLr: 0.006, totalSteps: 4000 }),
  ],
};

/** The view that draws policies over each other while their numbers change. */
export class PoliciesView {
  readonly element: HTMLElement;
  #items: readonly Item[] = [];
  #chosen = 0;
  #steps: number | undefined;
  #log = false;
  #pointer = 0;
  readonly #onChange: (link: string) => void;

  readonly #list: HTMLElement = h('ul', { class: 'legend', 'aria-label': 'Policies' });
  readonly #kind: HTMLSelectElement;
  readonly #about: HTMLElement = h('p', { class: 'about' });
  readonly #form: Form;
  readonly #rate: LineChart;
  readonly #momentum: LineChart;
  readonly #momentumPart: HTMLElement;
  readonly #scrub: HTMLInputElement;
  readonly #place: HTMLElement = h('span', { class: 'place' });
  readonly #shown: HTMLInputElement;
  readonly #scale: HTMLButtonElement;
  readonly #add: HTMLButtonElement;
  readonly #code: CodePanel = new CodePanel();

  /** @param onChange - called with the link after each change */
  constructor(onChange: (link: string) => void) {
    this.#onChange = onChange;
    const [kind, scrub, shown] = [freshId(), freshId(), freshId()];
    this.#kind = h(
      'select',
      { id: kind, onchange: () => this.#chooseKind(this.#kind.value) },
      ...kinds.map(({ type, name }) => h('option', { value: type }, name)),
    );
    const form = h('div', { class: 'form' });
    this.#form = new Form(form, (draft) => this.#edit(draft));
    const [rate, momentum] = [h('div', { class: 'plot' }), h('div', { class: 'plot' })];
    const point = (step: number) => this.#point(Math.round(step));
    this.#rate = new LineChart(rate, point);
    this.#momentum = new LineChart(momentum, point);
    this.#momentumPart = h('div', { hidden: true }, h('h3', {}, 'Momentum'), momentum);
    this.#scrub = h('input', {
      ...{ id: scrub, type: 'range', min: 0, max: 1000, step: 1, value: 0, class: 'scrub' },
      oninput: () =>
        this.#point(Math.round((this.#length * Number(this.#scrub.value)) / Number(this.#scrub.max))),
    });
    this.#shown = h('input', {
      ...{ id: shown, type: 'text', inputmode: 'numeric', size: 8, autocomplete: 'off' },
      oninput: () => {
        const steps = numberIn(this.#shown.value, true);
        const legal = Number.isSafeInteger(steps) && Number(steps) >= 1 && Number(steps) <= maxSteps;
        this.#shown.setAttribute('aria-invalid', String(this.#shown.value !== '' && !legal));
        this.#steps = legal ? Number(steps) : undefined;
        this.#changed();
      },
    });
    this.#scale = h(
      'button',
      {
        ...{ type: 'button', class: 'quiet', 'aria-pressed': 'false' },
        onclick: () => {
          this.#log = !this.#log;
          this.#changed();
        },
      },
      'Log scale',
    );
    this.#add = h(
      'button',
      { type: 'button', class: 'quiet add', onclick: () => this.#addOne() },
      'Add a policy',
    );
    const share = copyButton('Copy link', () => new URL(`#/policies?${this.link}`, location.href).href);
    share.classList.add('share');
    this.element = h(
      'div',
      { class: 'view policies' },
      h(
        'header',
        { class: 'intro' },
        h('h1', {}, 'A learning rate that moves'),
        h('p', {}, 'Choose a policy, change its numbers, and see what the rate will do.'),
      ),
      h(
        'section',
        { class: 'card picture', 'aria-label': 'Picture' },
        h(
          'div',
          { class: 'bar' },
          h('h2', {}, 'Learning rate'),
          h('label', { for: shown, class: 'inline' }, 'Steps shown', this.#shown),
          this.#scale,
          share,
        ),
        rate,
        this.#momentumPart,
        h('label', { for: scrub, class: 'unseen' }, 'Look at step'),
        this.#scrub,
        h('div', { class: 'keys' }, this.#place, this.#list, this.#add),
      ),
      h(
        'section',
        { class: 'card editor', 'aria-label': 'The chosen policy' },
        h('div', { class: 'field choice' }, h('label', { for: kind }, 'Policy'), this.#kind),
        this.#about,
        form,
      ),
      this.#code.element,
    );
    this.load(first);
  }

  /** Shows the policies of a link or of another part of the page. */
  load({ policies, steps, log = false }: Shared): void {
    this.#items = policies.map((policy, i) => ({
      policy,
      draft: policy as unknown as Draft,
      colour: colours[i]!,
    }));
    this.#chosen = 0;
    this.#steps = steps;
    this.#log = log;
    this.#shown.value = steps === undefined ? '' : String(steps);
    this.#draw();
  }

  /** The edited policy. */
  get chosen(): Policy {
    return this.#items[this.#chosen]!.policy;
  }

  get link(): string {
    const policies = this.#items.map(({ policy }) => policy);
    return toLink({ policies, ...(this.#steps !== undefined && { steps: this.#steps }), log: this.#log });
  }

  get #length(): number {
    return this.#steps ?? commonLength(this.#items.map(({ policy }) => policy));
  }

  #edit(draft: Draft): void {
    const old = this.#items[this.#chosen]!;
    this.#replace({ ...tried(draft, old.policy), colour: old.colour });
  }

  #chooseKind(type: string): void {
    const { policy, colour } = this.#items[this.#chosen]!;
    const { lr } = toSchedule(policy);
    const steps = commonLength([policy]);
    let [low, high] = [Infinity, 0];
    for (let i = 0; i <= 2000; i++) {
      const rate = lr(Math.round((steps * i) / 2000));
      low = Math.min(low, rate);
      high = Math.max(high, rate);
    }
    // If a policy ends at 0 or is constant, the lower bound is a twentieth of the peak.
    const bound = low < high / 1000 || low === high ? Number((high / 20).toPrecision(1)) : low;
    const made = kindOf(type).make({ low: bound, high, steps });
    this.#replace({ policy: made, draft: made as unknown as Draft, colour });
  }

  #replace(item: Item): void {
    this.#items = this.#items.map((old, i) => (i === this.#chosen ? item : old));
    this.#changed();
  }

  #addOne(): void {
    const { policy } = this.#items[this.#chosen]!;
    const colour = colours.find((each) => !this.#items.some((item) => item.colour === each))!;
    this.#items = [...this.#items, { policy, draft: policy as unknown as Draft, colour }];
    this.#chosen = this.#items.length - 1;
    this.#changed();
    this.#kind.focus();
  }

  #remove(index: number): void {
    this.#items = this.#items.filter((_, i) => i !== index);
    this.#chosen = Math.min(this.#chosen - (index < this.#chosen ? 1 : 0), this.#items.length - 1);
    this.#changed();
    this.#list.querySelectorAll('button')[0]?.focus();
  }

  #changed(): void {
    this.#draw();
    this.#onChange(this.link);
  }

  #draw(): void {
    const { policy, draft, fault } = this.#items[this.#chosen]!;
    this.#kind.value = policy.type;
    this.#about.textContent = kindOf(policy.type).about;
    this.#form.show(draft, fault);
    this.#shown.placeholder = formatCount(this.#length);
    this.#scale.setAttribute('aria-pressed', String(this.#log));
    this.#add.disabled = this.#items.length >= maxPolicies;
    this.#drawPicture();
    this.#drawList();
    this.#code.show(policy, this.#length);
  }

  #drawPicture(): void {
    const steps = this.#length;
    const drawn = this.#items.map(({ policy, colour }, i) => {
      const { rates, momenta, troughs } = policyPoints(policy, { steps });
      const strong = i === this.#chosen;
      return {
        rate: { points: rates, colour, strong, area: strong } as Line,
        momenta,
        troughs,
        colour,
        strong,
      };
    });
    const values = drawn.flatMap(({ rate }) => rate.points.flatMap(([, lr]) => lr ?? []));
    const high = values.reduce((most, lr) => Math.max(most, lr), 0);
    const above = values.filter((lr) => lr > 0).reduce((least, lr) => Math.min(least, lr), Infinity);
    // On a log scale a rate that falls to 0 has no lower limit, so show five decades.
    const low = Math.max(above, high / 1e5);
    // Rates that are all 0 have no logarithm.
    const y =
      this.#log && Number.isFinite(low) && low / 2 > 0
        ? { domain: [low === high ? low / 2 : low * 0.9, high * 1.15] as const, log: true }
        : { domain: [0, high * 1.06 || 1] as const };
    const x = { domain: [0, steps] as const, format: formatCount, whole: true };
    const chosen = drawn.find(({ strong }) => strong)!;
    const marks = chosen.troughs.length > 24 ? [] : chosen.troughs.filter((step) => step < steps);
    this.#pointer = Math.min(this.#pointer, steps);
    const pointer = { pointer: this.#pointer };
    const names = this.#items.map(({ policy }) => policy.type).join(', ');
    this.#rate.draw({
      ...{ x, y: { ...y, format: formatRate }, lines: drawn.map(({ rate }) => rate), marks, height: 340 },
      description: `The learning rate of ${names} over ${formatCount(steps)} steps; the highest is ${formatRate(high)}.`,
      ...pointer,
    });
    const cycled = drawn.filter(({ momenta }) => momenta !== undefined);
    this.#momentumPart.hidden = cycled.length === 0;
    if (cycled.length > 0) {
      const all = cycled.flatMap(({ momenta }) => momenta!.flatMap(([, value]) => value ?? []));
      const [least, most] = [Math.min(...all), Math.max(...all)];
      const room = (most - least) * 0.12 || 0.05;
      this.#momentum.draw({
        ...{
          x,
          y: { domain: [Math.max(0, least - room), most + room], format: formatRate },
          marks,
          height: 150,
        },
        lines: cycled.map(({ momenta, colour, strong }) => ({ points: momenta!, colour, strong })),
        description: `The momentum over the same steps, between ${formatRate(least)} and ${formatRate(most)}.`,
        ...pointer,
      });
    }
  }

  #point(step: number): void {
    this.#pointer = step;
    this.#rate.point(step);
    if (!this.#momentumPart.hidden) this.#momentum.point(step);
    this.#readOut();
  }

  #drawList(): void {
    this.#list.replaceChildren(
      ...this.#items.map(({ policy, colour, fault }, i) =>
        h(
          'li',
          { class: i === this.#chosen ? 'chosen' : '', style: `--line: var(--${colour})` },
          h(
            'button',
            {
              ...{ type: 'button', class: 'pick', 'aria-pressed': String(i === this.#chosen) },
              onclick: () => {
                this.#chosen = i;
                this.#draw();
                this.#list.querySelectorAll<HTMLElement>('.pick')[i]?.focus();
              },
            },
            h('span', { class: 'swatch' }),
            h('span', { class: 'name' }, kindOf(policy.type).name),
            fault ? h('span', { class: 'stale' }, 'last valid state') : undefined,
            h('span', { class: 'value' }),
          ),
          this.#items.length > 1 &&
            h(
              'button',
              {
                type: 'button',
                class: 'remove',
                'aria-label': `Remove ${policy.type}`,
                onclick: () => this.#remove(i),
              },
              '×',
            ),
        ),
      ),
    );
    this.#readOut();
  }

  /** Shows the values of the policies at the step under the pointer. */
  #readOut(): void {
    const step = this.#pointer;
    const way = step / this.#length;
    this.#place.textContent = `Step ${formatCount(step)}`;
    // With more positions than steps, an arrow key would not reach the next step.
    const places = Math.min(1000, this.#length);
    this.#scrub.max = String(places);
    this.#scrub.value = String(places * way);
    this.#scrub.style.setProperty('--way', `${100 * way}%`);
    this.#scrub.setAttribute('aria-valuetext', `step ${step}`);
    for (const [i, value] of [...this.#list.querySelectorAll('.value')].entries()) {
      const schedule = toSchedule(this.#items[i]!.policy);
      const momentum = schedule.momentum(step);
      const rate = formatRate(schedule.lr(step));
      value.textContent = momentum === undefined ? rate : `${rate} · ${momentum.toFixed(3)}`;
    }
  }
}

/** Parses a draft. Returns a policy, or the old policy with the fault of the draft. */
function tried(draft: Draft, old: Policy): Omit<Item, 'colour'> {
  try {
    return { policy: parsePolicy(draft), draft };
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    // An error in a stage is shown at the field that holds all stages.
    const path = error.field.split('[')[0] || 'policy';
    return { policy: old, draft, fault: { path, text: problemText(error) } };
  }
}
