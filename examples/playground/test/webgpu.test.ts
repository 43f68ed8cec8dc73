import { readFile } from 'node:fs/promises';
import { mnist } from '@clr/datasets';
import { hasChromium } from '@clr/tooling/chromium';
import * as ort from 'onnxruntime-node';
import type { Page } from 'playwright';
import { afterEach, describe, expect, it } from 'vitest';
import { openSite, pictures, type Site } from './site.ts';

const fallback = 'WebGPU finds no graphics card in this browser, so the training runs on the processor.';

describe.skipIf(!hasChromium())('training on WebGPU', { timeout: 300_000, retry: 2 }, () => {
  let site: Site | undefined;
  afterEach(() => site?.close());

  /** Trains a few steps of the digits, and gives what the page says, the runtimes that it loaded, and the model. */
  async function train(page: Page, device: string) {
    const loaded: string[] = [];
    page.context().on('request', (request) => loaded.push(request.url()));
    await page.getByLabel('Learning rate').selectOption('the policy that I drew');
    await page.getByLabel('Epochs').fill('2');
    await page.getByLabel('Runs on').selectOption(device);
    await page.getByRole('button', { name: 'Train', exact: true }).click();
    const line = page.locator('.status');
    await line.filter({ hasText: /^Done after|fault|Expected/ }).waitFor();
    expect(await line.textContent()).toMatch(/^Done after 1\d steps/);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Save the model' }).click(),
    ]);
    const model = await readFile(await download.path());
    const notes = await page.locator('.notes').textContent();
    return { notes, model, loaded: loaded.filter((url) => url.endsWith('.wasm')) };
  }

  async function scores(model: Uint8Array): Promise<Float32Array> {
    const session = await ort.InferenceSession.create(model);
    const { test } = await mnist();
    const input = Float32Array.from(
      test.images.subarray(0, 32 * 784),
      (pixel) => (pixel / 255 - 0.1307) / 0.3081,
    );
    const { output } = await session.run({ input: new ort.Tensor('float32', input, [32, 1, 28, 28]) });
    return output!.data as Float32Array;
  }

  it('gives the same model as on the processor, but for rounding', async () => {
    site = await openSite({ gpu: true });
    const found = [];
    for (const device of ['the graphics card (WebGPU)', 'the processor']) {
      const page = await site.open({}, '?digits=320#/train');
      await page.locator('.status').filter({ hasText: 'Nothing is trained yet.' }).waitFor();
      found.push(await train(page, device));
      await page.screenshot({ path: `${pictures}webgpu-${found.length}.png`, fullPage: true });
      await page.context().close();
    }
    const [card, processor] = found as [(typeof found)[0], (typeof found)[0]];
    expect(card.notes).not.toContain(fallback);
    expect(card.loaded).not.toEqual(processor.loaded);
    const [one, other] = [await scores(card.model), await scores(processor.model)];
    expect(one).toHaveLength(320);
    for (const [i, score] of one.entries()) expect(Math.abs(score - other[i]!)).toBeLessThan(1e-2);
  });

  it('runs on the processor without an adapter, and says so', async () => {
    site = await openSite();
    const page = await site.open({}, '?digits=320#/train');
    await page.locator('.status').filter({ hasText: 'Nothing is trained yet.' }).waitFor();
    if ((await page.getByLabel('Runs on').count()) === 0) return;
    const { notes } = await train(page, 'the graphics card (WebGPU)');
    expect(notes).toContain(fallback);
  });
});
