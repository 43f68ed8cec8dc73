/** A layer, described for all three libraries. Pools pad only the right and bottom edges, so that sizes halve. */
export type LayerSpec =
  | { readonly type: 'conv'; readonly filters: number; readonly padding: number }
  | { readonly type: 'relu' }
  | { readonly type: 'maxPool' | 'avgPool'; readonly size: 2 | 3 }
  | { readonly type: 'dense'; readonly units: number };

/** A net to train with SGD and momentum 0.9 on softmax cross-entropy over ten classes. */
export interface NetSpec {
  readonly input: readonly [height: number, width: number, channels: number];
  readonly batch: number;
  readonly layers: readonly LayerSpec[];
}

const relu = { type: 'relu' } as const;
const dense = (units: number) => ({ type: 'dense', units }) as const;
/** All convolutions here are 5 × 5. */
const conv = (filters: number, padding: number) => ({ type: 'conv', filters, padding }) as const;

export const nets: Readonly<Record<string, NetSpec>> = {
  'mlp 784-256-10, batch 128': { input: [1, 1, 784], batch: 128, layers: [dense(256), relu, dense(10)] },
  'LeNet, batch 64': {
    input: [28, 28, 1],
    batch: 64,
    layers: [
      conv(6, 2),
      relu,
      { type: 'maxPool', size: 2 },
      conv(16, 0),
      relu,
      { type: 'maxPool', size: 2 },
      dense(120),
      relu,
      dense(84),
      relu,
      dense(10),
    ],
  },
  'cifar-quick, batch 32': {
    input: [32, 32, 3],
    batch: 32,
    layers: [
      conv(32, 2),
      { type: 'maxPool', size: 3 },
      relu,
      conv(32, 2),
      relu,
      { type: 'avgPool', size: 3 },
      conv(64, 2),
      relu,
      { type: 'avgPool', size: 3 },
      dense(64),
      dense(10),
    ],
  },
};

/** A net in one of the libraries. */
export interface Contestant {
  /** Takes steps and waits until the device has done them. */
  run(steps: number): Promise<void>;
  /** Measures the host's time per step in microseconds when `steps` steps are submitted at once. */
  host(steps: number): Promise<number>;
  dispose(): void;
}

/** The same random images for all libraries, channels last. */
export function images({ input, batch }: NetSpec): Float32Array {
  const length = batch * input[0] * input[1] * input[2];
  return Float32Array.from({ length }, (_, index) => ((index * 7919) % 1000) / 1000);
}

export function labels({ batch }: NetSpec): number[] {
  return Array.from({ length: batch }, (_, index) => (index * 7) % 10);
}
