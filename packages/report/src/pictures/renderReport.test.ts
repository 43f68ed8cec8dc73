import { analyzeRangeTest, triangular, triangular2 } from '@clr/core';
import { chromiumArgs, chromiumPath, hasChromium } from '@clr/tooling/chromium';
import { chromium } from 'playwright';
import { describe, expect, it } from 'vitest';
import { exampleRun, exampleTrace } from '../../test/examples.ts';
import { readPicture } from '../../test/picture.ts';
import { type ReportContent, renderReport } from './renderReport.ts';

const policy = triangular2({ baseLr: 0.01, maxLr: 0.1, stepSize: 125 });
const trace = exampleTrace();
const hostile = `</title><script>alert("1")</script>&`;
const content: ReportContent = {
  title: `LeNet ${hostile}`,
  summary: [`Seen ${hostile}`],
  tables: [{ caption: `Result ${hostile}`, columns: ['', hostile], rows: [[hostile, '98.70 %']] }],
  rangeTest: { trace, finding: analyzeRangeTest(trace) },
  runs: [
    { name: `CLR ${hostile}`, run: exampleRun(policy, 0.99) },
    { name: 'fixed', run: exampleRun(triangular({ baseLr: 0.05, maxLr: 0.05, stepSize: 125 }), 0.98) },
  ],
  policies: [{ name: 'triangular2', policy }],
  notes: [hostile],
};

describe('renderReport', () => {
  it.each([
    [{ runs: content.runs![0] }, 'runs = an object'],
    [{ runs: [content.runs![0]!.run] }, 'runs[0] = a run without a name'],
    [{ summary: 'Seen' }, 'summary = "Seen"'],
    [{ notes: [5] }, 'notes[0] = 5'],
    [{ tables: content.tables![0] }, 'tables = an object'],
    [{ tables: [{ caption: 'C', columns: ['n'], rows: [[1]] }] }, 'tables[0].rows[0][0] = 1'],
    [{ policies: { name: 'P', policy } }, 'policies = an object'],
    [{ policies: [{ name: 'P', policy, step: 5 }] }, 'the unknown option step = 5'],
    [{ policies: [{ name: 'P', policy, steps: 0 }] }, 'steps = 0'],
    [{ rangeTest: { trace } }, 'finding = undefined'],
  ])('refuses a part of the wrong form: %#', (part, received) => {
    expect(() => renderReport(part as never)).toThrow(received);
  });

  const html = renderReport(content);

  it('contains a wide and a narrow version of each picture, well-formed and with unique ids', () => {
    const pictures = html.match(/<svg.*?<\/svg>/gs)!;
    expect(pictures.map((svg) => readPicture(svg).width)).toEqual([960, 360, 960, 360, 960, 360]);
    const ids = Array.from(html.matchAll(/ id="([^"]+)"/g), ([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('makes no request', () => {
    const outward = html
      .replaceAll(/xmlns(:xlink)?="[^"]+"/g, '')
      .match(/https?:|\/\/\w|src=|href=|@import|url\((?!#)/g);
    expect(outward).toBeNull();
  });

  it('escapes text, so that it never becomes markup', () => {
    expect(html).not.toContain('<script');
    expect(html.match(/&lt;script&gt;/g)!.length).toBeGreaterThan(6);
  });

  it('gives the same text for the same input', () => {
    expect(renderReport(content)).toBe(html);
  });

  it('has a section for each of several range tests, under its name', () => {
    const finding = analyzeRangeTest(trace);
    const both = renderReport({ rangeTest: ['sgd', hostile].map((name) => ({ name, trace, finding })) });
    expect(both.match(/<h2>LR range test: [^<]*<\/h2>/g)).toEqual([
      '<h2>LR range test: sgd</h2>',
      expect.stringContaining('&lt;/title&gt;'),
    ]);
  });

  it('gives a page even for an empty report', () => {
    expect(renderReport({})).toContain('<h1>Learning-rate report</h1>\n\n</main>');
  });
});

describe.skipIf(!hasChromium())('a report in Chromium', { retry: 2 }, () => {
  it.each([
    [1280, 'wide'],
    [390, 'narrow'],
  ])('fits a window of %i pixels, without a request or a console message', async (width, shown) => {
    const browser = await chromium.launch({ executablePath: chromiumPath, args: [...chromiumArgs] });
    try {
      const page = await browser.newPage({ viewport: { width, height: 800 }, colorScheme: 'dark' });
      const complaints: string[] = [];
      page.on('console', (message) => complaints.push(message.text()));
      page.on('pageerror', (error) => complaints.push(error.message));
      page.on('request', (request) => complaints.push(request.url()));
      await page.setContent(renderReport(content));
      const seen = await page.evaluate(() => ({
        overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
        shown: [...document.querySelectorAll('figure > div')]
          .filter((div) => getComputedStyle(div).display !== 'none')
          .map((div) => div.className),
        ground: getComputedStyle(document.querySelector('svg > rect')!).fill,
        smallest: Math.min(
          ...[...document.querySelectorAll('svg text')]
            .map((text) => text.getBoundingClientRect().height)
            .filter((height) => height > 0),
        ),
      }));
      expect(complaints).toEqual([]);
      expect(seen.overflow).toBe(0);
      expect(seen.shown).toEqual([shown, shown, shown]);
      // The page is dark, as this reader prefers, and no line of text is lower than 11 pixels.
      expect(seen.ground).toBe('rgb(22, 25, 29)');
      expect(seen.smallest).toBeGreaterThan(11);
    } finally {
      await browser.close();
    }
  });
});
