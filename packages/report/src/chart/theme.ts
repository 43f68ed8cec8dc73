/** A colour on light ground and its counterpart on dark. */
interface Shade {
  readonly light: string;
  readonly dark: string;
}

// Okabe and Ito's palette, which colour-blind readers can tell apart; no two light values are alike, for
// the dark style sheet finds elements by them.
type ColourName =
  | 'surface'
  | 'ink'
  | 'muted'
  | 'grid'
  | 'axis'
  | 'blue'
  | 'orange'
  | 'green'
  | 'purple'
  | 'red';

const shades: Readonly<Record<ColourName, Shade>> = {
  surface: { light: '#ffffff', dark: '#16191d' },
  ink: { light: '#1f2328', dark: '#e6e9ed' },
  muted: { light: '#5b636d', dark: '#a2abb6' },
  grid: { light: '#e4e7eb', dark: '#2c3239' },
  axis: { light: '#aab2bc', dark: '#59626d' },
  blue: { light: '#0072b2', dark: '#56a8dd' },
  orange: { light: '#d55e00', dark: '#f28c3f' },
  green: { light: '#00805c', dark: '#3cc19b' },
  purple: { light: '#a5527f', dark: '#d98fb8' },
  red: { light: '#c0203a', dark: '#ff7b88' },
};

/** The colours on light ground, by role: what the pictures are drawn in. */
export const colours: Readonly<Record<ColourName, string>> = Object.fromEntries(
  Object.entries(shades).map(([name, { light }]) => [name, light]),
) as Record<ColourName, string>;

/** The colours of curves that stand side by side. */
export const seriesColours: readonly string[] = [colours.blue, colours.orange, colours.green, colours.purple];

/** Each colour as a CSS variable: `--ink` and so on. */
export function cssVariables(ground: keyof Shade): string {
  return Object.entries(shades)
    .map(([name, shade]) => `--${name}:${shade[ground]}`)
    .join(';');
}

/** The style sheet that turns a picture drawn in the light colours dark where the reader wants that. */
export const darkStyle: string = `@media (prefers-color-scheme:dark){${Object.values(shades)
  .map(({ light, dark }) => {
    const find = (property: string) => `.clr-picture [${property}="${light}"]{${property}:${dark}}`;
    return find('fill') + find('stroke');
  })
  .join('')}}`;
