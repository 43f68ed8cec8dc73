import { averagingWeights, type Hyperparameters, type StepResult, type Trainable } from '../src/index.ts';

/** One example: `y ≈ w · x`. */
export interface Example {
  readonly x: number;
  readonly y: number;
}

interface State {
  w: number;
  v: number;
  updates: number;
}

/** A model of one weight with momentum SGD, in float64. It records the calls. */
export interface LinearTrainable extends Trainable<Example> {
  readonly state: State;
  readonly seen: { readonly batch: Example; readonly hyper: Hyperparameters }[];
}

/** Options of {@link linearTrainable}. */
export interface LinearOptions {
  /** Give losses as promises that resolve late. */
  readonly late?: boolean;
  /** Replace the result of a step. */
  readonly result?: (step: number, honest: { loss: number; accuracy: number }) => StepResult;
}

/** The squared error `(w·x − y)²`, whose gradient `2(w·x − y)·x` is easy to check by hand. */
export function linearTrainable({ late = false, result }: LinearOptions = {}): LinearTrainable {
  let state: State = { w: 0, v: 0, updates: 0 };
  const seen: LinearTrainable['seen'] = [];
  return {
    get state() {
      return state;
    },
    seen,
    hyperparameters: ['momentum', 'weightDecay'],
    trainStep(batch, hyper) {
      seen.push({ batch, hyper });
      const error = state.w * batch.x - batch.y;
      const gradient = 2 * error * batch.x + (hyper.weightDecay ?? 0) * state.w;
      state.v = (hyper.momentum ?? 0.5) * state.v + gradient;
      state.w -= hyper.lr * state.v;
      state.updates++;
      const honest = { loss: error * error, accuracy: Math.abs(error) < 0.5 ? 1 : 0 };
      if (result) return result(state.updates - 1, honest);
      if (!late) return honest;
      const soon = <T>(value: T) => new Promise<T>((resolve) => setTimeout(() => resolve(value), 1));
      return { loss: soon(honest.loss), accuracy: soon(honest.accuracy) };
    },
    async evaluate(batches) {
      let [sum, count] = [0, 0];
      for await (const { x, y } of batches) {
        sum += (state.w * x - y) ** 2;
        count++;
      }
      return { loss: sum / count };
    },
    snapshot: async () => ({ ...state }),
    async restore(snapshot) {
      state = { ...(snapshot as State) };
    },
    async predictBatch({ x, y }) {
      const outputs = Float32Array.of(state.w * x);
      return { outputs, examples: 1, score: ([output]) => ({ loss: (output! - y) ** 2 }) };
    },
    async average(snapshots, given) {
      const all = snapshots as State[];
      const weights = averagingWeights(all, given);
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      const w = all.reduce((sum, state, at) => sum + weights[at]! * state.w, 0) / total;
      return { ...all[all.length - 1], w };
    },
    dispose() {},
  };
}

/** Examples of `y = 3x` with a little noise. */
export const examples: readonly Example[] = Array.from({ length: 7 }, (_, i) => {
  const x = 0.5 + i / 7;
  return { x, y: 3 * x + 0.1 * Math.sin(5 * i) };
});
