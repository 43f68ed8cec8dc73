/** A net's parameters one after another; float32 in a training, float64 where arithmetic is compared. */
export type Vector = Float32Array | Float64Array;

/** A peer's optimizer at work on one vector that holds all parameters of a net. */
export interface PeerState {
  /** One update, in place. The gradient was taken at `parameters`. */
  step(parameters: Vector, gradient: Vector): void;
  /** The weights that count when the training ends, where they are not those at which gradients are taken. */
  readonly answer?: () => Vector;
}

/** An optimizer that asks for no rate. */
export interface Peer {
  readonly name: string;
  /** Begins at the parameters given, for a training of `steps` steps; `batchNorm`: the net has running statistics. */
  readonly begin: (parameters: Vector, steps: number, batchNorm: boolean) => PeerState;
}

/** Half a cosine from 1 to 0, the schedule that the authors of Prodigy recommend (PyTorch's CosineAnnealingLR). */
export const cosine = (step: number, steps: number): number => 0.5 * (1 + Math.cos((Math.PI * step) / steps));

/** The sum of products. */
export function dot(a: Vector, b: Vector): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** As many zeros, of the same type. */
export const zeros = (like: Vector): Vector => like.slice().fill(0);
