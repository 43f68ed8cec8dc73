import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { toSchedule, triangular2 } from '@clr/core';
import { chromiumArgs, chromiumPath, hasChromium } from '@clr/tooling/chromium';
import { type BrowserContext, chromium, type Page } from 'playwright';
import { build, type PreviewServer, preview } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import '../scripts/writeDigits.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const pictures = `${root}.cache/`;

/** An epoch has 20 steps, so a cycle has 80. */
const query = '?digits=320&test=50&batch=16';

describe.skipIf(!hasChromium())('the page', { retry: 2 }, () => {
  let server: PreviewServer;
  let context: BrowserContext;
  let url: string;

  beforeAll(async () => {
    await mkdir(pictures, { recursive: true });
    // As in `pnpm bundle`; vitest sets it to test.
    process.env.NODE_ENV = 'production';
    await build({ root, logLevel: 'error' });
    server = await preview({ root, preview: { port: 0, host: '127.0.0.1' } });
    url = `${server.resolvedUrls?.local[0]}${query}`;
    const browser = await chromium.launch({ executablePath: chromiumPath, args: [...chromiumArgs] });
    context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    context.setDefaultTimeout(900_000);
  });

  afterAll(async () => {
    await context?.browser()?.close();
    await server?.close();
  });

  const open = async (): Promise<Page> => {
    const page = await context.newPage();
    page.on('pageerror', (error) => {
      throw error;
    });
    await page.goto(url);
    await page.waitForFunction(() => !(document.getElementById('train') as HTMLButtonElement).disabled);
    return page;
  };
  const text = (page: Page, id: string) => page.locator(`#${id}`).textContent();
  const trainFor = async (page: Page, steps: number): Promise<void> => {
    await page.click('#train');
    await page.waitForFunction(
      (least) => Number(document.getElementById('step')?.textContent) >= least,
      steps,
    );
    await page.click('#train');
    await page.getByText('Paused and stored').waitFor();
  };
  const overflow = (page: Page) =>
    page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);

  it('finds rates, trains, pauses, and resumes in a new tab without a network', async () => {
    const page = await open();
    expect(await text(page, 'status')).toContain('320 digits on webgl');

    await page.fill('#base', '0,5');
    await page.click('#train');
    await page.getByText('Received: baseLr = 0.5').waitFor();
    await page.fill('#base', 'low');
    await page.click('#train');
    await page.getByText('Received: baseLr = "low"').waitFor();
    await page.fill('#base', '0.005');
    await page.click('#find');
    await page.click('#find');
    await page.getByText('Stopped. The model and the rates are as before.').waitFor();
    expect(await page.inputValue('#base')).toBe('0.005');

    await page.click('#find');
    await page.waitForFunction(() => document.getElementById('find')?.textContent === 'Stop');
    await page.waitForFunction(() => document.getElementById('find')?.textContent === 'Find the rates');
    const baseLr = Number(await page.inputValue('#base'));
    const maxLr = Number(await page.inputValue('#max'));
    expect(baseLr).toBeLessThan(maxLr);
    await page.screenshot({ path: `${pictures}range-test.png`, fullPage: true });

    await trainFor(page, 25);
    const kept = Number(await text(page, 'step'));
    expect(kept).toBeGreaterThanOrEqual(25);
    expect(await text(page, 'accuracy')).toMatch(/%$/);
    await page.screenshot({ path: `${pictures}desktop.png`, fullPage: true });
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    await page.waitForFunction(() => document.documentElement.dataset.offline === 'ready');
    await page.close();

    await server.close();
    await context.setOffline(true);
    const again = await open();
    expect(await text(again, 'status')).toContain(`stored at step ${kept}`);
    await again.setViewportSize({ width: 390, height: 844 });
    await trainFor(again, kept + 5);
    await again.screenshot({ path: `${pictures}phone.png`, fullPage: true });
    expect(await overflow(again)).toBeLessThanOrEqual(0);

    // The chart has every step of both visits with its rate.
    const history = await again.evaluate(() => JSON.parse(localStorage.getItem('clr-digits-history') ?? ''));
    const { lr } = toSchedule(triangular2({ baseLr, maxLr, stepSize: 40 }));
    expect(history.step).toEqual(history.lr.map((_: number, index: number) => index + 1));
    expect(history.lr).toEqual(history.step.map((step: number) => lr(step - 1)));
    expect(history.loss.at(-1)).toBeLessThan(history.loss[0]);
  });
});
