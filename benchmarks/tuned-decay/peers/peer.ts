/** A net's parameters one after another: float32 in training, float64 in the comparison with the authors' numbers. */
export type Vector = Float32Array | Float64Array;

/** The state of a peer's optimizer, which updates one vector with all parameters of a net. */
export interface PeerState {
  /** One update, in place. The gradient was taken at `parameters`. */
  step(parameters: Vector, gradient: Vector): void;
  /** Returns the final weights. Absent if the final weights are those at which gradients are computed. */
  readonly answer?: () => Vector;
}

/** An optimizer that needs no rate. */
export interface Peer {
  readonly name: string;
  /**
   * Starts a run of `steps` steps at the given parameters. `batchNorm` is true if the net has running statistics.
   */
  readonly begin: (parameters: Vector, steps: number, batchNorm: boolean) => PeerState;
}

/** Half a cosine from 1 to 0, the schedule that the authors of Prodigy recommend (PyTorch's CosineAnnealingLR). */
export const cosine = (step: number, steps: number): number => 0.5 * (1 + Math.cos((Math.PI * step) / steps));

/** The scalar product of two vectors. */
export function dot(a: Vector, b: Vector): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** Zeros of the same length and type. */
export const zeros = (like: Vector): Vector => like.slice().fill(0);
