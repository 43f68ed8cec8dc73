import { table, toSchedule, triangular2 } from '@clr/core';
import { hasChromium } from '@clr/tooling/chromium';
import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asKeras } from '../src/policies/code/keras.ts';
import { kinds } from '../src/policies/kinds.ts';
import { fromLink, toLink } from '../src/policies/shared.ts';
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

  it('can be changed by arrow keys from every value, also small whole numbers', async () => {
    const page = await site.open();
    const press = async (label: string, times: number) => {
      const slider = page.getByLabel(label);
      await slider.focus();
      for (let i = 0; i < times; i++) await page.keyboard.press('ArrowRight');
      return slider.getAttribute('aria-valuetext');
    };
    expect(await press('Lower bound: slider', 5)).toBe('0.0012');
    await choose(page, 'wsd');
    expect(await press('Cycles: slider', 2)).toBe('3');
    await page.getByLabel('Remove oneCycle').click();
    await choose(page, 'table');
    expect(await press('Look at step', 2)).toBe('step 2');
    await page.context().close();
  });

  it('are read from numbers as people write them', async () => {
    const page = await site.open();
    const half = page.getByLabel('Half a cycle stepSize', { exact: true });
    const fault = page.locator('.fault:not(:empty)');
    const code = page.getByRole('tabpanel').locator('code');
    await half.fill('2,000');
    expect(await code.textContent()).toContain('stepSize: 2000 ');
    await page.getByLabel('Lower bound baseLr', { exact: true }).fill('0,002');
    expect(await code.textContent()).toContain('baseLr: 0.002,');
    await half.fill('many');
    expect(await fault.textContent()).toContain('stepSize = "many"');
    await half.blur();
    expect(await half.inputValue()).toBe('many');
    await page.context().close();
  });

  it('stay in the address when the user looks at another part, and the skip link does not leave that part', async () => {
    const page = await site.open();
    const half = page.getByLabel('Half a cycle stepSize', { exact: true });
    await half.fill('250');
    const parts = page.getByRole('navigation');
    await parts.getByRole('link', { name: 'Range test' }).click();
    await page.locator('.skip').focus();
    await page.keyboard.press('Enter');
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('main');
    expect(await page.title()).toContain('range test');
    await parts.getByRole('link', { name: 'Policies' }).click();
    await half.waitFor();
    await page.reload();
    expect(await half.inputValue()).toBe('250');
    await page.context().close();
  });

  it('whose rates are all 0 are drawn on the log scale too', async () => {
    const link = toLink({ policies: [table({ values: [0, 0] })], log: true });
    const page = await site.open({}, `#/policies?${link}`);
    // A flat line has no height, so it does not count as visible.
    await page.locator('.line.strong').waitFor({ state: 'attached' });
    expect(await curve(page)).not.toContain('NaN');
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
