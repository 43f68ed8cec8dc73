/** An image of bytes: channels of a pixel beside each other, rows from the top. */
export interface Image {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly data: Uint8Array;
}
