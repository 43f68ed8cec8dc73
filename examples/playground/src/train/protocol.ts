import type { Policy, RangeTestFinding, RangeTestPoint, RangeTestTrace } from '@clr/core';

/** The settings of a training run. They are plain data, because they are stored with the run. */
export interface RunSettings {
  /** The examples: the built-in digits (`count` of them), or the dropped files. */
  readonly source: { readonly kind: 'digits'; readonly count: number } | { readonly kind: 'files' };
  readonly epochs: number;
  readonly batch: number;
  readonly optimizer: 'sgd' | 'adam';
  /** The source of the rates: a range test, or a policy. */
  readonly rates: { readonly plan: 'decay' | 'cycles' | 'wsd' | 'fixed' } | { readonly policy: Policy };
  /** For a dropped model: whether it gets a new last layer, and whether only that layer is trained. */
  readonly head: 'as it is' | 'new' | 'new, alone';
  readonly device: 'wasm' | 'webgpu';
}

/** The dropped files: a model, and data for it. */
export interface DroppedFiles {
  readonly model: File;
  readonly data: File;
}

/** A request of the page to the worker. */
export type Command =
  | { readonly type: 'look' }
  | { readonly type: 'start'; readonly settings: RunSettings; readonly files?: DroppedFiles }
  | { readonly type: 'resume' }
  | { readonly type: 'pause' }
  | { readonly type: 'forget' }
  | { readonly type: 'export' };

/** One step in the charts. */
export interface Step {
  readonly step: number;
  readonly lr: number;
  readonly loss: number | null;
  readonly accuracy?: number | null;
}

/** An evaluation on the held-out examples. */
export interface Measured {
  readonly step: number;
  /** `null` means NaN or infinity. */
  readonly loss: number | null;
  readonly accuracy?: number;
}

/** Some held-out pictures with the model's predictions. */
export interface Guesses {
  /** The pictures one after another, 28 × 28 bytes each. */
  readonly images: Uint8Array;
  readonly answers: readonly number[];
  readonly guesses: readonly number[];
}

/** The history of a run. The page shows it when it is opened again. */
export interface History {
  readonly settings: RunSettings;
  readonly policy: Policy;
  readonly steps: number;
  readonly done: readonly Step[];
  readonly measured: readonly Measured[];
  readonly found?: { readonly trace: RangeTestTrace; readonly finding: RangeTestFinding };
}

/** A message of the worker to the page. */
export type Event =
  | { readonly type: 'kept'; readonly history?: History; readonly step?: number }
  | { readonly type: 'status'; readonly text: string }
  | { readonly type: 'notes'; readonly notes: readonly string[] }
  | { readonly type: 'sweep'; readonly points: readonly RangeTestPoint[] }
  | { readonly type: 'found'; readonly trace: RangeTestTrace; readonly finding: RangeTestFinding }
  | { readonly type: 'training'; readonly history: History }
  | { readonly type: 'steps'; readonly steps: readonly Step[] }
  | { readonly type: 'measured'; readonly measured: Measured }
  | { readonly type: 'guesses'; readonly guesses: Guesses }
  | {
      readonly type: 'stopped';
      readonly why: 'paused' | 'done' | 'nothing found' | 'not begun';
      readonly step: number;
    }
  | { readonly type: 'model'; readonly bytes: Uint8Array; readonly name: string }
  /** `stored` says that there is a run, which can be resumed or is done. */
  | { readonly type: 'fault'; readonly text: string; readonly stored?: 'paused' | 'done' };
