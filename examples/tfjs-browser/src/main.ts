import * as tf from '@tensorflow/tfjs';
import { createChart } from './charts.ts';
import { loadDigits } from './digits.ts';
import { keepOffline } from './offline.ts';
import { Trainer } from './trainer.ts';
import './style.css';

const at = <Type extends HTMLElement>(id: string): Type => document.getElementById(id) as Type;
const [find, train, reset] = [
  at<HTMLButtonElement>('find'),
  at<HTMLButtonElement>('train'),
  at('reset') as HTMLButtonElement,
];
const [base, max] = [at<HTMLInputElement>('base'), at<HTMLInputElement>('max')];
const say = (text: string): void => {
  at('status').textContent = text;
};
const short = (value: number | undefined, digits = 3): string =>
  value === undefined ? '–' : String(Number(value.toPrecision(digits)));
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

const charts = {
  lr: createChart('chart-lr', ['--accent'], { unit: (value) => short(value) }),
  loss: createChart('chart-loss', ['--accent']),
  accuracy: createChart('chart-accuracy', ['--accent', '--second'], {
    unit: (value) => `${Math.round(100 * value)} %`,
  }),
};
let rangeChart: ReturnType<typeof createChart> | undefined;

function show({ step, lr, momentum, loss, accuracy, test }: Trainer['history']): void {
  const last = step.length - 1;
  at('step').textContent = String(step[last] ?? 0);
  at('lr').textContent = short(lr[last]);
  at('momentum').textContent = short(momentum[last]);
  at('loss').textContent = short(loss[last]);
  const tested = test.filter((share) => share !== null).at(-1);
  at('accuracy').textContent = tested == null ? '–' : percent(tested);
  charts.lr.draw([step, lr]);
  charts.loss.draw([step, loss]);
  charts.accuracy.draw([step, accuracy, test]);
}

/** Options in the query: ?digits=640&batch=32 for slow machines. */
const query = new URLSearchParams(location.search);
const number = (name: string, preset: number): number => {
  const value = Number(query.get(name));
  return Number.isSafeInteger(value) && value > 0 ? value : preset;
};
/** Reads a rate, also with a decimal comma. Other text is returned as it is, because core refuses and quotes it. */
const rate = ({ value }: HTMLInputElement): number => {
  const read = Number(value.trim().replace(',', '.'));
  return (value.trim() === '' || Number.isNaN(read) ? value : read) as number;
};
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function start(): Promise<void> {
  if (!(await tf.setBackend('webgl'))) await tf.setBackend('cpu');
  const [digits, test] = await Promise.all([
    loadDigits('train', number('digits', 10_000)),
    loadDigits('test', number('test', 1000)),
  ]);
  const trainer = new Trainer(digits, test, number('batch', 64), {
    rangePoint(points) {
      at('range').hidden = false;
      rangeChart ??= createChart('chart-range', ['--accent'], { logX: true });
      rangeChart.draw([points.map(({ lr }) => lr), points.map(({ loss }) => loss)]);
      at('step').textContent = `${points.length}`;
      at('lr').textContent = short(points.at(-1)?.lr);
      at('loss').textContent = short(points.at(-1)?.loss ?? undefined);
    },
    step(history) {
      show(history);
    },
  });

  const ready = (text: string): void => {
    say(text);
    for (const button of [find, train, reset]) button.disabled = false;
    const started = trainer.history.step.length > 0;
    find.disabled = started;
    base.disabled = started;
    max.disabled = started;
    train.textContent = started ? 'Resume' : 'Train';
    train.dataset.state = 'still';
  };

  let abort = new AbortController();
  find.onclick = async () => {
    if (find.dataset.state === 'running') return abort.abort();
    abort = new AbortController();
    find.dataset.state = 'running';
    find.textContent = 'Stop';
    train.disabled = true;
    reset.disabled = true;
    say('The rate rises from step to step until the loss diverges; then the model is restored …');
    let outcome: string;
    try {
      const { suggestion, reasons } = await trainer.findRates(abort.signal);
      outcome = abort.signal.aborted ? 'Stopped. The model and the rates are as before.' : reasons.join(' ');
      if (suggestion && !abort.signal.aborted) {
        base.value = short(suggestion.baseLr);
        max.value = short(suggestion.maxLr);
      }
    } catch (error) {
      outcome = messageOf(error);
    }
    find.dataset.state = '';
    find.textContent = 'Find the rates';
    show(trainer.history);
    ready(outcome);
  };

  train.onclick = async () => {
    if (train.dataset.state === 'running') {
      train.disabled = true;
      return trainer.pause();
    }
    const [baseLr, maxLr] = [rate(base), rate(max)];
    try {
      find.disabled = true;
      reset.disabled = true;
      base.disabled = true;
      max.disabled = true;
      train.dataset.state = 'running';
      train.textContent = 'Pause';
      say(
        `Training on ${digits.count} digits; the rate rises for ${2 * trainer.stepsPerEpoch} steps, then falls for as many steps.`,
      );
      await trainer.run(baseLr, maxLr);
      ready('Paused and stored. You can close the tab and resume later.');
    } catch (error) {
      ready(messageOf(error));
    }
  };

  reset.onclick = async () => {
    await trainer.startOver();
    show(trainer.history);
    ready('Started over.');
  };

  const policy = await trainer.resume();
  base.value = policy?.type === 'triangular2' ? short(policy.baseLr) : '0.005';
  max.value = policy?.type === 'triangular2' ? short(policy.maxLr) : '0.05';
  show(trainer.history);
  ready(
    policy
      ? `Welcome back: stored at step ${trainer.history.step.at(-1) ?? 0}. Resume when you like.`
      : `Ready: ${digits.count} digits on ${tf.getBackend()}. Find the rates first, or train with these.`,
  );
  await keepOffline();
}

start().catch((error: unknown) => say(messageOf(error)));
