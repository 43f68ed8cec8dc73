/** Options of every picture. */
export interface PictureOptions {
  /** The width in CSS pixels, at least 280. Default 960. The height follows from it. */
  readonly width?: number;
  /** The heading, and the picture's accessible name. */
  readonly title?: string;
  /** Draw the heading. Default true. */
  readonly showTitle?: boolean;
}

/** The names of {@link PictureOptions}. */
export const pictureOptions = ['width', 'title', 'showTitle'] as const;
