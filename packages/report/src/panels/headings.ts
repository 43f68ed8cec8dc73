import { colours } from '../chart/theme.ts';
import { legalText } from '../words/words.ts';
import type { Key } from './panel.ts';

const lineHeight = 17;

/** An ECharts title without its position. */
export interface Heading {
  readonly text: string;
  readonly textStyle: object;
  readonly height: number;
}

/** The picture's heading. */
export function titleHeading(title: string): Heading {
  return {
    text: plain(title),
    textStyle: { fontSize: 17, fontWeight: 600, color: colours.ink },
    height: 36,
  };
}

/** A panel's name and its legend entries in their colours. Entries that do not fit beside the name go below it. */
export function panelHeading(name: string, keys: readonly Key[], width: number, fontSize: number): Heading {
  const styles: Record<string, object> = {
    name: { fontSize: 13, lineHeight, fontWeight: 600, color: colours.ink, width: roomFor(name, 14) },
  };
  const lines = [[`{name|${plain(name)}}`]];
  let used = roomFor(name, 14);
  for (const [index, { text, colour }] of keys.entries()) {
    const shown = shorten(text, Math.floor(width / fontSize / advance) - 1);
    const room = roomFor(shown, fontSize);
    if (used + room > width) {
      lines.push([]);
      used = 0;
    }
    used += room;
    styles[`key${index}`] = { fontSize, lineHeight, fontWeight: 400, color: colour, width: room };
    lines.at(-1)!.push(`{key${index}|${plain(shown)}}`);
  }
  return {
    text: lines.map((line) => line.join('')).join('\n'),
    textStyle: { fontSize, fontWeight: 400, color: colours.muted, rich: styles },
    height: lineHeight * lines.length + 12,
  };
}

/** The width of a wide character, in units of the font size. ECharts assumes a narrow font, so words would overlap. */
const advance = 0.62;

function roomFor(text: string, fontSize: number): number {
  return Math.ceil((text.length + 1) * fontSize * advance);
}

function shorten(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

/** Replaces the characters of ECharts' `{style|…}` markup in a text. */
function plain(text: string): string {
  return legalText(text).replaceAll('{', '(').replaceAll('}', ')').replaceAll('|', '¦');
}
