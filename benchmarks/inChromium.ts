import { fileURLToPath } from 'node:url';
import { chromiumArgs, chromiumPath } from '@clr/tooling/chromium';
import { type Browser, chromium, type Page } from 'playwright';
import { createServer } from 'vite';

/**
 * Serves a benchmark's folder, opens its page in Chromium and waits until the page's title is "ready". Closes the
 * browser and the server after the work.
 *
 * @param folder - the subfolder of `benchmarks/` that holds `index.html`
 * @param packages - the packages that the page imports from npm. They are bundled first, so that Vite does not reload
 *   the page during the work
 */
export async function inChromium(
  folder: string,
  packages: string[],
  work: (page: Page, browser: Browser) => Promise<void>,
): Promise<void> {
  const server = await createServer({
    root: fileURLToPath(new URL(`./${folder}`, import.meta.url)),
    cacheDir: fileURLToPath(new URL(`../.cache/vite-${folder}`, import.meta.url)),
    server: { port: 0, hmr: false, watch: null, fs: { allow: ['../..'] } },
    optimizeDeps: { include: packages },
    logLevel: 'error',
  });
  await server.listen();
  const browser = await chromium.launch({ executablePath: chromiumPath, args: [...chromiumArgs] });
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(600_000);
    page.on('pageerror', (error) => console.error(error.message));
    await page.goto(server.resolvedUrls?.local[0] as string);
    await page.waitForFunction(() => document.title === 'ready');
    await work(page, browser);
  } finally {
    await browser.close();
    await server.close();
  }
}
