/** What every picture may be told. */
export interface PictureOptions {
  /** In CSS pixels, from 280. Default 960. Height follows. */
  readonly width?: number;
  /** The heading, and the picture's accessible name. */
  readonly title?: string;
  /** Whether to draw the heading too. Default true. */
  readonly showTitle?: boolean;
}

/** The names of {@link PictureOptions}. */
export const pictureOptions = ['width', 'title', 'showTitle'] as const;
