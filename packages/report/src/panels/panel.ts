import type { Series } from '../chart/renderSvg.ts';

/** A legend entry in a panel's heading, in the colour of its curve. */
export interface Key {
  readonly text: string;
  readonly colour: string;
}

/** One of several stacked plots that share an x axis. */
export interface Panel {
  readonly name: string;
  /** The height of the plot without its heading. */
  readonly height: number;
  readonly keys?: readonly Key[];
  readonly y?: ValueAxis;
  readonly series: readonly Series[];
}

/** A panel's y axis. ECharts chooses omitted values. */
export interface ValueAxis {
  readonly min?: number;
  readonly max?: number | undefined;
  readonly interval?: number;
  readonly log?: boolean;
  readonly format?: (value: number) => string;
  /** Row names instead of values, from the top. */
  readonly rows?: readonly Key[];
}

/** The axis that all panels share. */
export interface SharedAxis {
  readonly name: string;
  readonly log: boolean;
  readonly min: number;
  readonly max: number;
  /** True for steps: only whole numbers get labels. */
  readonly whole?: boolean;
  readonly format: (value: number) => string;
}
