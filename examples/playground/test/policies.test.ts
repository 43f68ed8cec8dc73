import { toSchedule, triangular2 } from '@clr/core';
import { hasChromium } from '@clr/tooling/chromium';
import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asKeras } from '../src/policies/code/keras.ts';
import { kinds } from '../src/policies/kinds.ts';
import { fromLink } from '../src/policies/shared.ts';
import { openSite, overflow, pictures, type Site, sizes } from './site.ts';

describe.skipIf(!hasChromium())('the policies of the page', { retry: 2 }, () => {
  let site: Site;
  beforeAll(async () => {
    site = await openSite();
  });
  afterAll(() => site?.close());

  const curve = (page: Page) => page.locator('.line.strong').first().getAttribute('d');
  const choose = (page: Page, kind: string) => page.getByLabel('Policy', { exact: true }).selectOption(kind);

  it.each(sizes)('are redrawn when a number changes, also by keyboard: %s', async (name, viewport) => {
    const page = await site.open({ viewport });
    const before = await curve(page);
    const half = page.getByLabel('Half a cycle stepSize', { exact: true });
    await half.fill('250');
    expect(await curve(page)).not.toBe(before);
    // The other policy keeps the shown length at 4,000 steps, which are eight cycles of the edited policy now.
    expect(await page.locator('.mark').count()).toBe(7);
    await page.getByLabel('Look at step').focus();
    for (let i = 0; i < 25; i++) await page.keyboard.press('ArrowRight');
    const { lr } = toSchedule(triangular2({ baseLr: 0.001, maxLr: 0.006, stepSize: 250 }));
    expect(await page.locator('.keys .place').textContent()).toBe('Step 100');
    expect(await page.locator('.value').first().textContent()).toBe(String(Number(lr(100).toPrecision(3))));
    await page.getByLabel('Upper bound: slider').focus();
    const drawn = await curve(page);
    await page.keyboard.press('ArrowLeft');
    expect(await curve(page)).not.toBe(drawn);

    await half.fill('0');
    expect(await page.locator('.fault:not(:empty)').textContent()).toContain('positive integer');
    expect(await half.getAttribute('aria-invalid')).toBe('true');
    await half.fill('500');
    expect(await page.locator('.fault:not(:empty)').count()).toBe(0);
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    await page.screenshot({ path: `${pictures}policies-${name}.png`, fullPage: true });
    await page.context().close();
  });

  it('are drawn for every kind, with code for the chosen library or a reason why there is none', async () => {
    const page = await site.open();
    await page.getByRole('tab', { name: 'Keras' }).click();
    for (const { type, make } of kinds) {
      await choose(page, type);
      expect((await curve(page))!.length, type).toBeGreaterThan(15);
      const keras = asKeras(make({ low: 0.001, high: 0.006, steps: 4000 }));
      const start = 'missing' in keras ? keras.missing : 'import keras';
      expect(await page.getByRole('tabpanel').textContent(), type).toContain(start);
    }
    await page.context().close();
  });

  it('give a link that restores them and the settings of the picture', async () => {
    const page = await site.open();
    await choose(page, 'wsd');
    await page.getByLabel('Cycles cycles', { exact: true }).fill('3');
    await page.getByRole('button', { name: 'Add a policy' }).click();
    await choose(page, 'cosineRestarts');
    await page.getByLabel('Steps shown').fill('9000');
    await page.getByRole('button', { name: 'Log scale' }).click();
    const link = new URL(page.url()).hash;
    const shared = fromLink(link.split('?')[1]!);
    expect(shared.policies.map(({ type }) => type)).toEqual(['wsd', 'oneCycle', 'cosineRestarts']);
    expect(shared.policies[0]).toMatchObject({ cycles: 3 });
    expect(shared).toMatchObject({ steps: 9000, log: true });
    const curves = async (from: Page): Promise<string> => {
      await from.locator('.line.strong').waitFor();
      const paths = await from
        .locator('.line')
        .evaluateAll((all) => all.map((line) => line.getAttribute('d')));
      return paths.sort().join('\n');
    };
    const drawn = await curves(page);

    const other = await site.open({}, link);
    // toBe would print two long paths.
    expect((await curves(other)) === drawn).toBe(true);
    expect(await other.getByLabel('Steps shown').inputValue()).toBe('9000');

    const broken = await site.open({}, `${link.slice(0, -9)}`);
    expect(await broken.locator('.notice').textContent()).toContain('Copy the whole link once more.');
    for (const each of [page, other, broken]) await each.context().close();
  });
});
