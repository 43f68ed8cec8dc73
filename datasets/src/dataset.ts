/** Images as bytes, each with a class index. */
export interface LabelledImages {
  /** `count` images one after another, each in the dataset's `shape`. */
  readonly images: Uint8Array;
  /** One class index per image. */
  readonly labels: Uint8Array;
  readonly count: number;
}

/** A classification dataset in memory. */
export interface Dataset {
  readonly train: LabelledImages;
  readonly test: LabelledImages;
  /** The shape of one image: channels, height, width. */
  readonly shape: readonly [channels: number, height: number, width: number];
  /** The name of each class. */
  readonly classes: readonly string[];
  /** The mean and the deviation of the training pixels scaled to [0, 1], one value per channel. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
}
