import { describe, expect, it } from 'vitest';
import { panelHeading } from './headings.ts';

const key = (text: string) => ({ text, colour: '#000000' });

describe('panelHeading', () => {
  it('keeps legend entries that fit on the first line, and moves the others to a second line', () => {
    const keys = [key('— triangular2 0.001 to 0.01'), key('— fixed 0.005'), key('┆ troughs')];
    expect(panelHeading('Learning rate', keys, 900, 12).text.split('\n')).toHaveLength(1);
    const narrow = panelHeading('Learning rate', keys, 316, 11);
    expect(narrow.text.split('\n')).toHaveLength(2);
    expect(narrow.height).toBeGreaterThan(panelHeading('Learning rate', [], 316, 11).height);
  });

  it('shortens a legend entry that is longer than a line', () => {
    const { text } = panelHeading('Loss', [key('x'.repeat(300))], 316, 11);
    const [, line] = text.split('\n');
    expect(line).toMatch(/^\{key0\|x{30,50}…\}$/);
  });

  it('replaces characters that ECharts would read as markup', () => {
    expect(panelHeading('{key0|Loss}', [key('a|b}')], 900, 12).text).toBe('{name|(key0¦Loss)}{key0|a¦b)}');
  });
});
