import { readFile } from 'node:fs/promises';
import { adam } from '@clr/core';
import { encodeNpz } from '@clr/data';
import { mnist } from '@clr/datasets';
import { buildModel, createTrainer, describeHead, replaceHead } from '@clr/onnx';
import { formatCount } from '@clr/report/words';
import { hasChromium } from '@clr/tooling/chromium';
import * as ort from 'onnxruntime-node';
import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSite, overflow, pictures, type Site } from './site.ts';

const few = '?digits=1280#/train';

describe.skipIf(!hasChromium())('training in the tab', { retry: 2 }, () => {
  let site: Site;
  beforeAll(async () => {
    site = await openSite();
  });
  afterAll(() => site?.close());

  const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();
  async function status(page: Page, text: string): Promise<void> {
    const line = page.locator('.status');
    await line
      .filter({ hasText: text })
      .waitFor()
      .catch(async (cause: unknown) => {
        throw new Error(`Waited for "${text}", but the page says: ${await line.textContent()}`, { cause });
      });
  }
  async function save(page: Page): Promise<Uint8Array> {
    const [download] = await Promise.all([page.waitForEvent('download'), press(page, 'Save the model')]);
    return readFile(await download.path());
  }

  it('finds a rate, trains, pauses, continues after a reload without a network, and saves the model', async () => {
    const page = await site.open({}, few);
    await status(page, 'Nothing is trained yet.');
    await page.getByLabel('Epochs').fill('60');
    await press(page, 'Train');
    await status(page, 'Training with decay');
    expect(page.workers()).toHaveLength(1);
    // Wait for the first evaluation, so that there is something to see.
    await page.locator('.dot').first().waitFor();
    const pause = async (): Promise<number> => {
      // Click at once, without waiting until the page is stable.
      await page.getByRole('button', { name: 'Pause' }).dispatchEvent('click');
      await status(page, 'Paused and stored at step');
      return Number(
        /step ([\d,]+)/.exec((await page.locator('.status').textContent())!)![1]!.replace(',', ''),
      );
    };
    const first = await pause();
    expect(await page.locator('.digits li').count()).toBe(24);
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    await page.screenshot({ path: `${pictures}paused-desk.png`, fullPage: true });

    await page.waitForFunction(() => document.documentElement.dataset.offline === 'ready');
    await page.context().setOffline(true);
    await page.setViewportSize({ width: 390, height: 844 });
    await page.reload();
    await status(page, `The run is stored at step ${formatCount(first)} of`);
    await press(page, 'Resume');
    await page.waitForFunction(
      (least) => Number.parseInt(document.querySelector('dd')!.textContent!.replaceAll(',', ''), 10) > least,
      first + 20,
    );
    expect(await pause()).toBeGreaterThan(first + 20);
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    await page.screenshot({ path: `${pictures}paused-phone.png`, fullPage: true });
    // The accuracy that is shown at a pause is that of the stored model.
    const shown = Number.parseFloat((await page.locator('dd').last().textContent())!);

    // In a third visit the model is still there.
    await page.reload();
    await status(page, 'Welcome back');
    const model = await save(page);
    const session = await ort.InferenceSession.create(model);
    const { test } = await mnist();
    const count = 1000;
    const input = Float32Array.from(
      test.images.subarray(0, count * 784),
      (pixel) => (pixel / 255 - 0.1307) / 0.3081,
    );
    const { output } = await session.run({ input: new ort.Tensor('float32', input, [count, 1, 28, 28]) });
    const scores = output!.data as Float32Array;
    let right = 0;
    for (let i = 0; i < count; i++) {
      const row = scores.subarray(10 * i, 10 * i + 10);
      right += Number(row.indexOf(Math.max(...row)) === test.labels[i]);
    }
    expect(Math.abs(right / 10 - shown)).toBeLessThanOrEqual(0.2);
    expect(right).toBeGreaterThan(300);
    await page.context().close();
  });

  it('can be paused before it has begun, and in one tab at a time', async () => {
    const page = await site.open({}, few);
    await status(page, 'Nothing is trained yet.');
    const other = await page.context().newPage();
    await other.goto(site.url + few);
    await status(other, 'Nothing is trained yet.');
    await page.getByLabel('Learning rate').selectOption('the policy that I drew');
    await page.getByLabel('Epochs').fill('1,000');
    await page.getByRole('button', { name: 'Train', exact: true }).dblclick();
    await status(page, 'Paused and stored at step 0.');
    await press(page, 'Resume');
    await status(page, 'Training with triangular2');
    await press(other, 'Train');
    await status(other, 'Another tab of this page is training.');
    await page.context().close();
  });

  it('gives a dropped model a new last layer, and trains only that layer', async () => {
    const body = buildModel({
      input: [2],
      layers: [{ type: 'dense', units: 8 }, { type: 'relu' }, { type: 'dense', units: 5 }],
    });
    const count = 200;
    const x = Float32Array.from({ length: 2 * count }, (_, i) => Math.sin(i * i));
    const y = Uint8Array.from({ length: count }, (_, i) => Number(x[2 * i]! > 0) + Number(x[2 * i + 1]! > 0));
    const data = encodeNpz({
      x: { dims: [count, 2], data: x },
      y: { dims: [count], data: BigInt64Array.from(y, BigInt) },
    });
    const page = await site.open({}, few);
    await status(page, 'Nothing is trained yet.');
    await page.getByLabel('Data', { exact: true }).selectOption('my model and data');
    const give = (label: string, name: string, bytes: Uint8Array) =>
      page
        .getByLabel(label, { exact: true })
        .setInputFiles({ name, mimeType: 'application/octet-stream', buffer: Buffer.from(bytes) });
    await give('Model file', 'body.onnx', data);
    await give('Data file', 'points.npz', data);
    await page.getByLabel('Learning rate').selectOption('the policy that I drew');
    await page.getByLabel('Trained', { exact: true }).selectOption('a new last layer alone');
    await press(page, 'Train');
    await page.locator('.status.fault').waitFor();
    expect(await page.locator('.status').textContent()).toMatch(/^Expected .*ONNX/);

    await give('Model file', 'body.onnx', body);
    await press(page, 'Train');
    await status(page, 'Done after 25 steps');
    // One text in a column of numbers makes it a column of texts.
    await give(
      'Data file',
      'points.csv',
      new TextEncoder().encode('a,b,y\n1,2,u\nx,3,v\n4,5,u\n6,7,v\n8,9,u'),
    );
    await press(page, 'Train again');
    await page.locator('.status.fault').waitFor();
    expect(await page.locator('.status').textContent()).toMatch(/becomes \d numbers.*"a" has \d texts/);
    // A later visit can train again with the stored files.
    await page.reload();
    await status(page, 'The training is done');
    await press(page, 'Train again');
    await status(page, 'Done after 25 steps');
    // A model that is refused leaves the stored run as it was.
    await give('Model file', 'body.onnx', data);
    await give('Data file', 'points.npz', data);
    await press(page, 'Train again');
    await page.locator('.status.fault').waitFor();
    const trained = await save(page);
    const weights = async (model: Uint8Array) => {
      const trainer = await createTrainer(ort, model, { loss: 'crossEntropy', optimizer: adam() });
      return trainer.parameters();
    };
    const [before, after] = [await weights(replaceHead(body, { classes: 3 })), await weights(trained)];
    const { weight, bias } = describeHead(trained);
    for (const [name, { data: old }] of before) {
      const same = old.every((value, i) => value === after.get(name)!.data[i]);
      expect(same, name).toBe(name !== weight && name !== bias);
    }
    await page.context().close();
  });
});
