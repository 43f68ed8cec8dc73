import { readFile } from 'node:fs/promises';
import { undoSmoothing } from '@clr/core';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { readCurve } from './readCurve.ts';

const steps = 60;
const lrs = Array.from({ length: steps }, (_, step) => 1e-4 * 1.17 ** step);
// Losses that fall and then rise, with independent noise.
const raw = lrs.map(
  (lr, step) => 2.3 / (1 + lr * 20) + lr ** 2 / 4 + 0.003 * (((step ** 2 * 7919) % 31) - 15),
);

/**
 * A running mean: m ← β·m + (1 − β)·loss. It starts with the first loss. With `ahead` it starts at 0 and is debiased,
 * as if `ahead` more steps had been taken.
 */
function stored(beta: number, ahead?: number): number[] {
  let mean = ahead === undefined ? (raw[0] as number) : 0;
  return raw.map((loss, step) => {
    mean = step === 0 && ahead === undefined ? loss : beta * mean + (1 - beta) * loss;
    return ahead === undefined ? mean : mean / (1 - beta ** (step + 1 + ahead));
  });
}
const [fastai, lightning, lrFinder] = [stored(0.98, 0), stored(0.98, 1), stored(0.95)];

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const utf16 = (text: string): Uint8Array => Buffer.from(`\ufeff${text}`, 'utf16le');
const json = (value: unknown): Uint8Array => utf8(JSON.stringify(value));
const csv = (header: readonly string[], ...columns: readonly (readonly unknown[])[]): string =>
  [header, ...lrs.map((_, row) => columns.map((column) => column[row]))]
    .map((row) => row.join(','))
    .join('\n');
const nothing = lrs.map(() => '');

describe('readCurve', () => {
  it.each<[string, string, Uint8Array]>([
    ["fastai's recorder as JSON", 'fastai', json({ lrs, losses: fastai })],
    ["fastai's recorder as CSV", 'fastai', utf8(csv(['lrs', 'losses'], lrs, fastai))],
    ["pytorch-lr-finder's history", 'pytorch-lr-finder', json({ lr: lrs, loss: lrFinder })],
    ["Lightning's results", 'Lightning', json({ lr: lrs, loss: lightning })],
    [
      'unsmoothed losses with the keys of pytorch-lr-finder',
      'pytorch-lr-finder',
      json({ lr: lrs, loss: raw }),
    ],
    [
      "Keras' history with a rate",
      'Keras',
      json({ loss: raw, accuracy: raw, val_loss: raw.map((x) => x + 1), learning_rate: lrs }),
    ],
    [
      'a history export of Weights & Biases',
      'Weights & Biases',
      utf8(
        csv(
          ['_step', '_runtime', 'train/lr', 'train/loss', 'val/loss'],
          [...lrs.keys()],
          [...lrs.keys()],
          lrs,
          raw,
          nothing,
        ),
      ),
    ],
    [
      'a chart export of Weights & Biases',
      'Weights & Biases',
      utf8(
        csv(
          ['Step', 'sweep-1 - loss', 'sweep-1 - loss__MIN', 'sweep-1 - loss__MAX', 'sweep-1 - lr'],
          ...[[...lrs.keys()], raw, raw, raw, lrs],
        ),
      ),
    ],
    [
      "MLflow's metrics",
      'MLflow',
      utf8(
        ['run_id,key,value,timestamp,step']
          .concat(
            ...lrs.map((lr, step) => [`r1,lr,${lr},17,${step}`, `r1,train_loss,${raw[step]},17,${step}`]),
          )
          .join('\n'),
      ),
    ],
    [
      'trainer_state.json of Transformers',
      'Transformers',
      json({
        log_history: [
          ...lrs.map((lr, step) => ({ step, learning_rate: lr, loss: raw[step] })),
          { step: 60, train_runtime: 3 },
        ],
      }),
    ],
    ['lines of JSON', 'JSON', utf8(lrs.map((lr, i) => JSON.stringify({ lr, loss: raw[i] })).join('\n'))],
    ['a list of pairs of rate and loss', 'JSON', json(lrs.map((lr, i) => [lr, raw[i]]))],
    [
      'decimal commas, without a header and with empty lines',
      'CSV',
      utf8(`\n${lrs.map((lr, i) => `${lr};${raw[i]}`.replaceAll('.', ',')).join('\n\n;\n')}\n\n`),
    ],
    [
      'decimal commas between spaces, without a header',
      'CSV',
      utf8(lrs.map((lr, i) => `${lr} ${raw[i]}`.replaceAll('.', ',')).join('\n')),
    ],
    ['a CSV file in UTF-16', 'CSV', utf16(csv(['lr', 'train loss'], lrs, raw))],
    [
      'a CSV file without a header',
      'CSV',
      utf8(
        csv(lrs.slice(0, 1).map(String).concat(String(raw[0])), lrs, raw)
          .split('\n')
          .slice(1)
          .join('\n'),
      ),
    ],
    [
      'semicolons and decimal commas',
      'CSV',
      utf8(['Rate;Loss', ...lrs.map((lr, i) => `${lr};${raw[i]}`.replaceAll('.', ','))].join('\r\n')),
    ],
  ])('reads %s', (what, source, bytes) => {
    const curve = readCurve(bytes, what.startsWith('semicolons') ? { lr: 'Rate' } : {});
    expect(curve.source).toBe(source);
    const { points, spacing } = undoSmoothing(curve.trace);
    expect(spacing).toBe('exponential');
    expect(points.map((point) => point.step)).toEqual([...lrs.keys()]);
    points.forEach(({ lr, loss }, i) => {
      expect(lr).toBeCloseTo(lrs[i] as number, 9);
      expect(loss).toBeCloseTo(raw[i] as number, 6);
    });
  });

  it('reads an event file of tensorboardX', async () => {
    const bytes = await readFile(new URL('../../test/curves/sweep.tfevents', import.meta.url));
    const { trace, source, notes } = readCurve(bytes);
    expect(source).toBe('TensorBoard');
    expect(notes.join()).toContain('The rate is "train/lr", and the loss is "train/loss"');
    expect(trace.points).toHaveLength(60);
    expect(trace.points[59]?.loss).toBeNull();
    trace.points.slice(0, 59).forEach(({ lr, loss }, i) => {
      expect(lr / (lrs[i] as number)).toBeCloseTo(1, 6);
      expect(loss).toBeCloseTo(raw[i] as number, 6);
    });
    const cut = readCurve(bytes.subarray(0, -3));
    expect([cut.trace.points.length, cut.notes[0]]).toEqual([
      59,
      'The last event is incomplete and was left out.',
    ]);
    const damaged = new Uint8Array(bytes);
    damaged[300] = (damaged[300] as number) ^ 1;
    expect(() => readCurve(damaged)).toThrow('with a wrong checksum');
  });

  it('reads an event file of TensorBoard whose scalars are tensors, as TensorFlow 2 writes them', async () => {
    const { trace, source } = readCurve(
      await readFile(new URL('../../test/curves/tensorboard.tfevents', import.meta.url)),
    );
    expect(source).toBe('TensorBoard');
    expect(trace.points).toHaveLength(60);
    expect(trace.points[59]?.loss).toBeNull();
    trace.points.slice(0, 59).forEach(({ lr, loss }, i) => {
      expect(lr / (lrs[i] as number)).toBeCloseTo(1, 6);
      expect(loss).toBeCloseTo(raw[i] as number, 6);
    });
  });

  it('reads the history of a real fit in Keras, whose last losses are NaN', async () => {
    const bytes = await readFile(new URL('../../test/curves/keras.history', import.meta.url));
    const { trace, source, notes } = readCurve(bytes);
    expect(source).toBe('Keras');
    expect(notes.join()).toContain('One point is one epoch: 40 epochs.');
    const written = bytes.toString().replaceAll('NaN', 'null');
    const { loss, learning_rate: rates } = JSON.parse(written) as Record<string, (number | null)[]>;
    expect(trace.points.map((point) => point.loss)).toEqual(loss);
    expect(trace.points.map(({ lr }) => lr)).toEqual(rates);
    expect(loss!.at(-1)).toBeNull();
  });

  it('reads the History of a real fit in TensorFlow.js', async () => {
    await tf.setBackend('cpu');
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [1] })] });
    const optimizer = tf.train.sgd(0.001);
    model.compile({ optimizer, loss: 'meanSquaredError', metrics: ['accuracy'] });
    const rates: number[] = [];
    const x = tf.tensor2d([1, 2, 3, 4], [4, 1]);
    const onEpochBegin = async (epoch: number): Promise<void> => {
      rates.push(0.001 * 1.2 ** epoch);
      (optimizer as unknown as { setLearningRate(rate: number): void }).setLearningRate(
        rates.at(-1) as number,
      );
    };
    const { history } = await model.fit(x, x.mul(2), { epochs: 12, verbose: 0, callbacks: { onEpochBegin } });
    const { trace, source } = readCurve(json({ ...history, lr: rates }));
    expect(source).toBe('Keras');
    expect(trace.points.map(({ loss }) => loss)).toEqual(history['loss']);
  });

  it("reads NaN and infinities as Python's json writes them, but not in strings", () => {
    const text = `{"lrs": [${lrs.slice(0, 8).join()}], "losses": [1, 2, 3, 4, 5, 6, NaN, -Infinity], "note": "NaN"}`;
    const { trace } = readCurve(utf8(text));
    expect(trace.points.map(({ loss }) => loss).slice(5)).toEqual([6, null, null]);
  });

  it('reads a curve of another tool that states its version', () => {
    const { trace } = readCurve(json({ version: '2.1', lr: lrs, loss: raw }));
    expect(trace.points.map(({ loss }) => loss)).toEqual(raw);
  });

  it('names the line of JSON lines that is cut off', () => {
    const lines = lrs.map((lr, step) => JSON.stringify({ step, lr, loss: raw[step] })).join('\n');
    expect(() => readCurve(utf8(lines.slice(0, -5)))).toThrow(`Expected JSON in line ${steps} of`);
  });

  it('uses the given names and smoothing', () => {
    const bytes = utf8(csv(['a', 'b', 'loss'], lrs, lrFinder, nothing));
    const { trace } = readCurve(bytes, { lr: 'a', loss: 'b', smoothing: { beta: 0.95 } });
    expect(undoSmoothing(trace).points[30]?.loss).toBeCloseTo(raw[30] as number, 6);
  });

  it.each<[string, Uint8Array, string]>([
    ['an empty file', utf8(' \n'), 'Expected something in the file'],
    ['bytes that are not text', Uint8Array.of(1, 200, 200, 7), 'Expected text in the file'],
    ['a truncated JSON file', utf8('{"lr": [1, 2'), 'Expected JSON in the file'],
    ['an object without lists', json({ answer: 42 }), 'an object with answer'],
    ['words in a list', json({ lr: [1, 2], loss: [1, 'x'] }), 'Received: loss[1] = "x"'],
    ['a file of only a header', utf8('lr,loss\n'), 'Received: a header alone'],
    [
      'a file without a rate',
      utf8(csv(['epoch', 'loss', 'acc'], raw, raw, raw)),
      'Expected a learning rate in the file',
    ],
    ['a file without a loss', json({ lrs, accuracy: raw }), 'Expected a loss in the file'],
    [
      'two runs',
      utf8(csv(['Step', 'a - loss', 'b - loss', 'lr'], raw, raw, lrFinder, lrs)),
      'Received: a - loss, b - loss',
    ],
    ['rates that fall', json({ lrs: [...lrs].reverse(), losses: raw }), 'that rise, as in a range test'],
    ['a constant rate', json({ lrs: lrs.map(() => 0.1), losses: raw }), '0.1 at every step'],
    ['too few points', json({ lrs: [1, 2, 3], losses: [1, 2, 3] }), 'Expected at least 5 steps'],
    ['a negative rate', json({ lrs: [-1, 2, 3, 4, 5], losses: [1, 2, 3, 4, 5] }), '-1 at step 0'],
    ['a step listed twice', utf8('step,lr,loss\n1,1,1\n1,2,2\n2,3,3\n3,4,4\n4,5,5'), 'two at step 1'],
    ['an open quotation mark', utf8('lr,loss\n"1,2\n'), 'Expected whole cells'],
    ['a row that is too long', utf8('lr,loss\n1,2,3\n'), 'Received: 3 in row 2'],
    [
      'several MLflow runs in one file',
      utf8('run_id,key,value\na,loss,1\nb,loss,2'),
      'Received: 2 runs: a, b',
    ],
  ])('refuses %s', (_, bytes, words) => {
    expect(() => readCurve(bytes)).toThrow(words);
  });

  it('names the existing columns if a wanted one is missing', () => {
    expect(() => readCurve(json({ lrs, losses: raw }), { loss: 'x' })).toThrow('Received: lrs, losses');
  });
});
