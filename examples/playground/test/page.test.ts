import { hasChromium } from '@clr/tooling/chromium';
import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { seriousFaults } from './accessible.ts';
import { openSite, overflow, pictures, type Site, sizes } from './site.ts';

const parts = ['policies', 'range-test', 'train'] as const;

describe.skipIf(!hasChromium())('the whole page', { retry: 2 }, () => {
  let site: Site;
  beforeAll(async () => {
    site = await openSite();
  });
  afterAll(() => site?.close());

  /** Opens a part of the page with as much content as possible. */
  async function show(page: Page, part: (typeof parts)[number]): Promise<void> {
    await page.getByRole('navigation').getByRole('link').nth(parts.indexOf(part)).click();
    await page.locator(`.view.${part === 'range-test' ? 'analyze' : part}`).waitFor();
    if (part === 'policies') {
      await page.getByText('More', { exact: true }).click();
      await page.getByLabel('Half a cycle stepSize', { exact: true }).fill('0');
    }
    if (part === 'range-test') {
      await page.getByRole('button', { name: 'Try an example' }).click();
      await page.locator('.range-picture svg').waitFor();
      await page.getByText('Correct what was guessed').click();
    }
    if (part === 'train') {
      await page.getByText('Nothing is trained yet.').waitFor();
      await page.getByLabel('Data', { exact: true }).selectOption('my model and data');
    }
  }

  it('is built without a warning', () => {
    expect(inject('built').warnings).toEqual([]);
  });

  it('loads less than 300 kB before the first use', async () => {
    // Block the service worker, because it would fetch the other files.
    const page = await site.open({ serviceWorkers: 'block' });
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.waitForLoadState('networkidle');
    const sizes = await page.evaluate(() =>
      [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')].map(
        (entry) => (entry as PerformanceResourceTiming).decodedBodySize,
      ),
    );
    expect(sizes.length).toBeGreaterThan(3);
    // This is the decoded size. A server that compresses sends less.
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(300_000);
    await page.context().close();
  });

  it.each(['light', 'dark'] as const)(
    'has no serious accessibility fault, at both widths, in the %s scheme',
    async (colorScheme) => {
      const page = await site.open({ colorScheme });
      for (const part of parts) {
        await show(page, part);
        for (const [name, viewport] of sizes) {
          await page.setViewportSize(viewport);
          expect(await overflow(page), `${part} on a ${name}`).toBeLessThanOrEqual(0);
          expect(await seriousFaults(page), `${part} on a ${name}`).toEqual([]);
          await page.screenshot({ path: `${pictures}${part}-${name}-${colorScheme}.png`, fullPage: true });
        }
      }
      await page.context().close();
    },
  );

  it('works without a network after it was loaded', async () => {
    const page = await site.open();
    await page.waitForFunction(() => document.documentElement.dataset.offline === 'ready');
    await page.context().setOffline(true);
    await page.reload();
    for (const part of parts) await show(page, part);
    await page.context().close();
  });
});
