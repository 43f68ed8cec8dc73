import { DOMParser, type Element, onErrorStopParsing } from '@xmldom/xmldom';

/** A drawn curve or mark: its colour and the corners of its path, in pixels. */
interface Stroke {
  readonly colour: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** A picture that a strict XML parser read. */
export interface Picture {
  readonly width: number;
  readonly title: string;
  readonly description: string;
  /** The text of all text elements. */
  readonly words: readonly string[];
  readonly strokes: readonly Stroke[];
  /** The centres of dots, by fill colour. */
  dots(colour: string): readonly (readonly [x: number, y: number])[];
}

/** Parses a picture. Throws if it is not well-formed XML. */
export function readPicture(svg: string): Picture {
  const parser = new DOMParser({ onError: onErrorStopParsing });
  const root = parser.parseFromString(svg, 'image/svg+xml').documentElement!;
  const all = (name: string): Element[] => Array.from(root.getElementsByTagName(name));
  const drawn = all('path').filter((path) => path.parentNode?.nodeName !== 'clipPath');
  return {
    width: Number(root.getAttribute('width')),
    title: all('title')[0]?.textContent ?? '',
    description: all('desc')[0]?.textContent ?? '',
    words: all('text').map((text) => text.textContent ?? ''),
    strokes: drawn
      .filter((path) => path.getAttribute('fill') === 'none')
      .map((path) => ({
        colour: path.getAttribute('stroke') ?? '',
        points: corners(path.getAttribute('d')!),
      })),
    dots: (colour) =>
      drawn
        .filter((path) => path.getAttribute('fill') === colour)
        .flatMap((path) => {
          const place = /matrix\([^,]+,[^,]+,[^,]+,[^,]+,([^,]+),([^)]+)\)|translate\((\S+) (\S+)\)/.exec(
            path.getAttribute('transform') ?? '',
          );
          return place ? [[Number(place[1] ?? place[3]), Number(place[2] ?? place[4])] as const] : [];
        }),
  };
}

/** The corners of a path that consists of absolute moves and lines. */
function corners(path: string): [number, number][] {
  return Array.from(path.matchAll(/[ML]([-\d.e]+)[ ,]([-\d.e]+)/g), ([, x, y]) => [Number(x), Number(y)]);
}

/**
 * The largest distance in pixels between a drawn curve and data that are scaled linearly to its axes. Zero if the
 * picture shows exactly these data.
 */
export function stray(
  points: readonly (readonly [number, number])[],
  data: readonly (readonly [number, number])[],
): number {
  if (points.length !== data.length) throw new Error(`${points.length} points drawn of ${data.length}`);
  const axis = (of: 0 | 1): number => {
    const values = data.map((point) => point[of]);
    const [low, high] = [values.indexOf(Math.min(...values)), values.indexOf(Math.max(...values))];
    const slope = (points[high]![of] - points[low]![of]) / (values[high]! - values[low]!);
    return Math.max(
      ...points.map((point, i) =>
        Math.abs(point[of] - points[low]![of] - slope * (values[i]! - values[low]!)),
      ),
    );
  };
  return Math.max(axis(0), axis(1));
}
