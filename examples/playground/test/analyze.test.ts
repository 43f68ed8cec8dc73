import { analyzeRangeTest, decay, type RangeTestFinding, triangular2 } from '@clr/core';
import { readCurve } from '@clr/data/curves';
import { describeFinding } from '@clr/report/words';
import { hasChromium } from '@clr/tooling/chromium';
import rangeTests from '@clr/tooling/oracle/range_tests.json' with { type: 'json' };
import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fromLink } from '../src/policies/shared.ts';
import { openSite, overflow, type Site } from './site.ts';

const { lr, loss } = rangeTests.curves.find(({ id }) => id === 'digits-momentum-64-exp-1')!;
const json = JSON.stringify({ lr, loss });
const odd = ['tempo,pain', ...lr.map((rate, i) => `${rate},${loss[i] ?? 'NaN'}`)].join('\n');

describe.skipIf(!hasChromium())('a dropped curve', { retry: 2 }, () => {
  let site: Site;
  beforeAll(async () => {
    site = await openSite();
  });
  afterAll(() => site?.close());

  const give = (page: Page, name: string, text: string) =>
    page
      .getByLabel('Choose files')
      .setInputFiles({ name, mimeType: 'application/octet-stream', buffer: Buffer.from(text) });
  const findingIn = (text: string, names = {}): RangeTestFinding =>
    analyzeRangeTest([readCurve(new TextEncoder().encode(text), names).trace]);

  it('gives the same finding as analyzeRangeTest, a picture, and policies', async () => {
    const page = await site.open({}, '#/range-test');
    await give(page, 'lr_find.json', json);
    await page.locator('.range-picture svg').waitFor();
    const finding = findingIn(json);
    const said = [
      await page.locator('.lead').textContent(),
      ...(await page.locator('.words p').allTextContents()),
    ];
    expect(said).toEqual(describeFinding(finding));
    expect(await page.locator('.notes').textContent()).toContain('lr_find.json: ');

    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Save the finding' }).click(),
    ]);
    const saved: string[] = [];
    for await (const part of await download.createReadStream()) saved.push(String(part));
    const found = JSON.parse(saved.join('')) as RangeTestFinding;
    expect(Object.keys(found)).toEqual(Object.keys(finding));
    // Math.exp of another V8 may differ in the last bit.
    expect(found.suggestion!.maxLr).toBeCloseTo(finding.suggestion!.maxLr, 12);

    await page.getByRole('button', { name: 'Draw these policies' }).click();
    await page.locator('.line.strong').waitFor();
    const digits = (value: number): number => Number(value.toPrecision(3));
    const [baseLr, maxLr] = [digits(finding.suggestion!.baseLr), digits(finding.suggestion!.maxLr)];
    expect(fromLink(new URL(page.url()).hash.split('?')[1]!).policies).toEqual([
      decay({ maxLr, steps: 500 }),
      triangular2({ baseLr, maxLr, stepSize: 63 }),
    ]);
    await page.context().close();
  });

  it('with unknown column names gives an error, until the user enters the names', async () => {
    const page = await site.open({}, '#/range-test');
    await give(page, 'odd.csv', odd);
    await page.getByRole('alert').filter({ hasText: 'tempo' }).waitFor();
    await page.getByLabel('Column of the rate').fill('tempo');
    await page.getByLabel('Column of the loss').fill('pain');
    await page.getByLabel('Column of the loss').press('Tab');
    await page.locator('.range-picture svg').waitFor();
    expect(await page.locator('.lead').textContent()).toBe(
      describeFinding(findingIn(odd, { lr: 'tempo', loss: 'pain' }))[0],
    );
    await page.setViewportSize({ width: 320, height: 700 });
    await page.waitForFunction(() => document.querySelector('.range-picture svg')!.clientWidth < 290);
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    await give(page, 'picture.png', '\u0089PNG not a curve');
    await page.getByRole('alert').filter({ hasText: 'picture.png' }).waitFor();
    expect(await page.locator('.range-picture svg').count()).toBe(0);
    await page.context().close();
  });
});
