/** A colour on a light background and its counterpart on a dark one. */
interface Shade {
  readonly light: string;
  readonly dark: string;
}

// Okabe and Ito's palette, which colour-blind readers can distinguish. All light values differ, because the dark style
// sheet finds elements by them.
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
  | 'ochre'
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
  ochre: { light: '#806600', dark: '#d9bb45' },
  red: { light: '#c0203a', dark: '#ff7b88' },
};

/** The colours on a light background, by role. Pictures are drawn in them. */
export const colours: Readonly<Record<ColourName, string>> = Object.fromEntries(
  Object.entries(shades).map(([name, { light }]) => [name, light]),
) as Record<ColourName, string>;

/** The colours of several curves in one picture. */
export const seriesColours: readonly string[] = (
  ['blue', 'orange', 'green', 'purple', 'ochre', 'ink'] as const
).map((name) => colours[name]);

/** Each colour as a CSS variable: `--ink` and so on. */
export function cssVariables(ground: keyof Shade): string {
  return Object.entries(shades)
    .map(([name, shade]) => `--${name}:${shade[ground]}`)
    .join(';');
}

/** The style sheet that gives a picture dark colours for readers who prefer them. */
export const darkStyle: string = `@media (prefers-color-scheme:dark){${Object.values(shades)
  .map(({ light, dark }) => {
    const find = (property: string) => `.clr-picture [${property}="${light}"]{${property}:${dark}}`;
    return find('fill') + find('stroke');
  })
  .join('')}}`;
