/**
 * Checks the built site in Chromium without a network: some pages, in both colour schemes, at widths of 1280 and 390
 * pixels. Fails on serious findings of axe, errors, missing files, requests to other hosts, pages wider than the
 * screen, and a search without results.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromiumArgs, chromiumPath, hasChromium } from '@clr/tooling/chromium';
import axe from 'axe-core';
import { type Browser, chromium } from 'playwright';

const site = fileURLToPath(new URL('../.vitepress/dist', import.meta.url));
const pages = [
  '/',
  '/guide.html',
  '/policies/oneCycle.html',
  '/migrate/pytorch.html',
  '/reference/@clr/checkpoint.html',
];
const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};

const server = createServer(({ url = '/' }, response) => {
  const path = join(site, decodeURIComponent(new URL(url, 'http://site').pathname));
  const file = existsSync(path) && statSync(path).isDirectory() ? join(path, 'index.html') : path;
  response.setHeader('content-type', types[extname(file)] ?? 'application/octet-stream');
  if (existsSync(file)) response.end(readFileSync(file));
  else response.writeHead(404).end();
});

/** The faults of a page. */
async function faultsOf(
  browser: Browser,
  address: string,
  look: { colorScheme: 'light' | 'dark'; width: number },
): Promise<string[]> {
  const { colorScheme, width } = look;
  const context = await browser.newContext({ colorScheme, viewport: { width, height: 900 } });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on(
    'response',
    (answer) => answer.status() >= 400 && faults.push(`${answer.status()} ${answer.url()}`),
  );
  page.on('request', (asked) => {
    if (/^https?:/.test(asked.url()) && !asked.url().startsWith(new URL(address).origin))
      faults.push(`requests ${asked.url()}`);
  });
  await page.goto(address, { waitUntil: 'networkidle' });
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => (window as unknown as { axe: typeof axe }).axe.run());
  for (const { id, impact, nodes } of violations) {
    if (impact === 'serious' || impact === 'critical') faults.push(`${id}: ${nodes[0]?.target.join(' ')}`);
  }
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  if (wide > width) faults.push(`is ${wide} pixels wide`);
  await context.close();
  return faults.map((fault) => `${address} ${colorScheme} ${width}: ${fault}`);
}

/** The results of a search for a word. */
async function search(browser: Browser, address: string, word: string): Promise<string[]> {
  const page = await browser.newPage();
  await page.goto(address);
  await page.click('.DocSearch-Button');
  await page.fill('.VPLocalSearchBox input', word);
  await page.waitForSelector('.VPLocalSearchBox .result', { timeout: 60_000 }).catch(() => {});
  return page.locator('.VPLocalSearchBox .result').allTextContents();
}

if (hasChromium()) {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const browser = await chromium.launch({ executablePath: chromiumPath, args: [...chromiumArgs] });
  const faults: string[] = [];
  for (const page of pages) {
    for (const colorScheme of ['light', 'dark'] as const) {
      for (const width of [1280, 390])
        faults.push(...(await faultsOf(browser, origin + page, { colorScheme, width })));
    }
  }
  const found = await search(browser, `${origin}/guide.html`, 'trough');
  if (found.length === 0) faults.push('The search finds nothing for "trough".');
  await browser.close();
  server.close();
  for (const fault of faults) console.error(fault);
  console.log(`${pages.length} pages in two schemes and two widths: ${faults.length} faults.`);
  process.exitCode = faults.length > 0 ? 1 : 0;
}
