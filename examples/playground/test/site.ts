import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { chromiumArgs, chromiumPath } from '@clr/tooling/chromium';
import { type BrowserContextOptions, chromium, type Page } from 'playwright';
import { type PreviewServer, preview } from 'vite';
import { inject } from 'vitest';
import type {} from './buildSite.ts';

/** Chromium's arguments without the software GPU, which draws slowly. */
const withoutGpu = chromiumArgs.filter((arg) => !/gpu|angle|Vulkan/.test(arg));

const root = fileURLToPath(new URL('..', import.meta.url));
/** The widths of the window. */
export const sizes = [
  ['desk', { width: 1280, height: 900 }],
  ['phone', { width: 390, height: 844 }],
] as const;

export const pictures: string = `${root}.cache/`;

/** The built page on a server, and a browser. */
export interface Site {
  readonly url: string;
  open(options?: BrowserContextOptions, hash?: string): Promise<Page>;
  close(): Promise<void>;
}

export async function openSite(args: readonly string[] = withoutGpu): Promise<Site> {
  await mkdir(pictures, { recursive: true });
  const server: PreviewServer = await preview({
    ...{ root, logLevel: 'error', build: { outDir: inject('built').outDir } },
    preview: { port: 0, host: '127.0.0.1' },
  });
  const url = server.resolvedUrls!.local[0]!;
  const browser = await chromium.launch({ executablePath: chromiumPath, args: [...args] });
  return {
    url,
    async open(options = {}, hash = '') {
      const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
      const page = await context.newPage();
      // Allow time for a busy machine.
      page.setDefaultTimeout(900_000);
      page.on('pageerror', (error) => {
        throw error;
      });
      await page.goto(url + hash);
      return page;
    },
    async close() {
      await browser.close();
      await server.close();
    },
  };
}

/** The number of pixels by which the page is wider than its window. */
export const overflow = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
