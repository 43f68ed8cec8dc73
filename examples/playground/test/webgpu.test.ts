import { hasChromium } from '@clr/tooling/chromium';
import { expect, it } from 'vitest';
import { openSite } from './site.ts';

it.skipIf(!hasChromium())(
  'the page trains on the processor if WebGPU has no adapter, and says so',
  { retry: 2 },
  async () => {
    const site = await openSite();
    try {
      const page = await site.open({}, '?digits=320#/train');
      await page.locator('.status').filter({ hasText: 'Nothing is trained yet.' }).waitFor();
      await page.getByLabel('Learning rate').selectOption('the policy that I drew');
      await page.getByLabel('Epochs').fill('2');
      await page.getByLabel('Runs on').selectOption('the graphics card (WebGPU)');
      await page.getByRole('button', { name: 'Train', exact: true }).click();
      const line = page.locator('.status');
      await line
        .filter({ hasText: /^Done after/ })
        .or(page.locator('.status.fault'))
        .waitFor();
      expect(await line.textContent()).toMatch(/^Done after 20 steps/);
      expect(await page.locator('.notes').textContent()).toContain(
        'WebGPU finds no graphics card in this browser, so the training runs on the processor.',
      );
    } finally {
      await site.close();
    }
  },
);
