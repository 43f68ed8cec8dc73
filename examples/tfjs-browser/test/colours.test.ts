import { fileURLToPath } from 'node:url';
import { chromiumArgs, chromiumPath, hasChromium } from '@clr/tooling/chromium';
import { chromium } from 'playwright';
import { createServer } from 'vite';
import { describe, expect, it } from 'vitest';
import '../scripts/writeDigits.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

describe.skipIf(!hasChromium())('charts on the development server', { retry: 2 }, () => {
  it.each([
    ['light', [11, 92, 173]],
    ['dark', [109, 179, 255]],
  ] as const)('are drawn in the colours of the %s scheme, with descriptions', async (colorScheme, colour) => {
    const server = await createServer({ root, logLevel: 'error', server: { port: 0, host: '127.0.0.1' } });
    await server.listen();
    const browser = await chromium.launch({ executablePath: chromiumPath, args: [...chromiumArgs] });
    try {
      const page = await browser.newPage({ colorScheme });
      // On a busy machine the server takes long to transform the modules.
      page.setDefaultTimeout(900_000);
      await page.goto(`${server.resolvedUrls?.local[0]}?digits=320&test=50&batch=16`);
      await page.waitForFunction(() => !(document.getElementById('train') as HTMLButtonElement).disabled);
      // The code is text, because vitest would rewrite the import.
      const seen = await page.evaluate<{ found: number; label: string }>(`(async (wanted) => {
        const { createChart } = await import('/src/charts.ts');
        const figure = document.createElement('figure');
        figure.innerHTML = '<figcaption>Probe</figcaption><div id="probe" style="width: 400px"></div>';
        document.body.append(figure);
        createChart('probe', ['--accent']).draw([[0, 1, 2], [1, 1, 1]]);
        await new Promise((resolve) => setTimeout(resolve, 200));
        const canvas = figure.querySelector('canvas');
        const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        let found = 0;
        for (let i = 0; i < data.length; i += 4) {
          found += Number(wanted.every((value, channel) => Math.abs(data[i + channel] - value) < 3));
        }
        return { found, label: document.getElementById('probe').getAttribute('aria-label') };
      })(${JSON.stringify(colour)})`);
      expect(seen.found).toBeGreaterThan(50);
      expect(seen.label).toBe('Probe: 1.00 at 2.00');
    } finally {
      await browser.close();
      await server.close();
    }
  });
});
