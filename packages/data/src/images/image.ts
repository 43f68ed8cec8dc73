/** An image as bytes: the channels of a pixel are adjacent, and rows go from top to bottom. */
export interface Image {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly data: Uint8Array;
}
