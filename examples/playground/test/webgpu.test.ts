import { chromiumArgs, hasChromium } from '@clr/tooling/chromium';
import { describe, expect, it } from 'vitest';
import { openSite, type Site } from './site.ts';

/** Trains for 20 steps with WebGPU selected, and returns the page's last status and its notes. */
async function trainOnWebgpu(site: Site): Promise<{ status: string | null; notes: string }> {
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
  return {
    status: await line.textContent(),
    notes: (await page.locator('.notes').allTextContents()).join(' '),
  };
}

describe.skipIf(!hasChromium())('training in the tab on WebGPU', { retry: 2 }, () => {
  const fallback = 'WebGPU finds no graphics card in this browser, so the training runs on the processor.';

  it('runs on the adapter', async () => {
    const site = await openSite(chromiumArgs);
    try {
      const { status, notes } = await trainOnWebgpu(site);
      expect(status).toMatch(/^Done after 20 steps/);
      expect(notes).not.toContain(fallback);
    } finally {
      await site.close();
    }
  });

  it('runs on the processor if there is no adapter, and says so', async () => {
    const site = await openSite();
    try {
      const { status, notes } = await trainOnWebgpu(site);
      expect(status).toMatch(/^Done after 20 steps/);
      expect(notes).toContain(fallback);
    } finally {
      await site.close();
    }
  });
});
