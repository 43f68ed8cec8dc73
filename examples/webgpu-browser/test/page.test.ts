import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromiumArgs, chromiumPath, hasChromium } from '@clr/tooling/chromium';
import { type Browser, chromium } from 'playwright';
import { createServer, type ViteDevServer } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const shots = fileURLToPath(new URL('../.cache/', import.meta.url));

describe.skipIf(!hasChromium())('the page', { retry: 2 }, () => {
  let server: ViteDevServer;
  let browser: Browser;
  let address: string;
  beforeAll(async () => {
    mkdirSync(shots, { recursive: true });
    server = await createServer({
      root: fileURLToPath(new URL('..', import.meta.url)),
      server: { port: 0 },
      logLevel: 'error',
    });
    await server.listen();
    address = server.resolvedUrls?.local[0] as string;
    browser = await chromium.launch({ executablePath: chromiumPath, args: [...chromiumArgs] });
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  it.each([
    ['desktop', { width: 1280, height: 900 }],
    ['phone', { width: 390, height: 844 }],
  ] as const)('finds its rate and paints, on a %s', async (name, viewport) => {
    const page = await browser.newPage({ viewport });
    page.setDefaultTimeout(900_000);
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text());
    });
    await page.goto(`${address}?scout=60`);
    const number = async (id: string): Promise<number> => Number(await page.locator(`#${id}`).textContent());
    await page.waitForFunction(() => Number(document.getElementById('step')?.textContent) >= 2);
    const first = await number('loss');
    await page.waitForFunction(() => Number(document.getElementById('step')?.textContent) >= 130);
    expect(await number('loss')).toBeLessThan(first / 3);
    const drawn = await page.locator('#range-test svg').boundingBox();
    expect(drawn?.width).toBeLessThanOrEqual(viewport.width - 16); // The picture is drawn for this screen and not cut off.
    await page.click('#run');
    expect(await page.locator('#run').textContent()).toBe('Resume');
    // Nothing is wider than the screen.
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(
      viewport.width,
    );
    await page.screenshot({ path: `${shots}${name}.png`, fullPage: true });
    expect(problems).toEqual([]);
    await page.close();
  });

  it("takes the user's picture on white, and refuses other files", async () => {
    const page = await browser.newPage();
    await page.goto(`${address}?scout=2`);
    const give = (name: string, buffer: Buffer) =>
      page.setInputFiles('#file', { name, mimeType: 'image/png', buffer });
    await give('notes.png', Buffer.from('no picture'));
    await page.getByText('notes.png is not an image').waitFor();
    const clear = await page.evaluate(() => document.createElement('canvas').toDataURL().split(',')[1]!);
    await give('clear.png', Buffer.from(clear, 'base64'));
    await page.waitForFunction(() => (document.getElementById('picture') as HTMLSelectElement).value === '');
    const middle = await page.evaluate(() => [
      ...(document.getElementById('target') as HTMLCanvasElement).getContext('2d')!.getImageData(48, 48, 1, 1)
        .data,
    ]);
    expect(middle).toEqual([255, 255, 255, 255]);
    expect(await page.locator('#file-fault').textContent()).toBe('');
    // The first entry can be chosen again.
    await page.selectOption('#picture', 'sea');
    await page.waitForFunction(() => {
      const { data } = (document.getElementById('target') as HTMLCanvasElement)
        .getContext('2d')!
        .getImageData(48, 90, 1, 1);
      return data[0] !== 255;
    });
    await page.close();
  });

  it('gives advice if there is no WebGPU', async () => {
    const page = await browser.newPage();
    await page.addInitScript(() => Object.defineProperty(Navigator.prototype, 'gpu', { value: undefined }));
    await page.goto(address);
    await page.waitForFunction(() =>
      document.getElementById('status')?.textContent?.includes('WebGPU adapter'),
    );
    expect(await page.locator('#status').textContent()).toContain('Use a browser with WebGPU');
    await page.close();
  });
});
