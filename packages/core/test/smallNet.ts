import { constantAnswer, type Metrics, type Trainable } from '../src/index.ts';

/** Rows of numbers, each with its target: a class, or a number. */
export interface Rows {
  readonly inputs: readonly (readonly number[])[];
  readonly targets: readonly number[];
}

/** A net of one hidden layer in float64. */
export interface SmallNet extends Trainable<Rows> {
  /** All weights of the hidden layer, then those of the output layer. Each unit's bias follows its weights. */
  weights: number[];
}

/** Options of {@link smallNet}. */
export interface SmallNetOptions {
  readonly inputs: number;
  readonly hidden?: number;
  /** The number of classes; 0 for a single number with the squared error. */
  readonly classes: number;
  readonly seed?: number;
}

/** Uniform numbers in [0, 1) from a seed. */
export function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 48271) >>> 0) % 2147483647;
    return state / 2147483647;
  };
}

/** Dense, ReLU, dense; cross-entropy or squared error; SGD with momentum 0.9. */
export function smallNet({ inputs, hidden = 16, classes, seed = 1 }: SmallNetOptions): SmallNet {
  const outputs = Math.max(1, classes);
  const random = randomOf(seed + 100);
  const layer = (units: number, width: number) =>
    Array.from({ length: units * (width + 1) }, (_, i) =>
      i % (width + 1) === width ? 0 : (2 * random() - 1) * Math.sqrt(3 / width),
    );
  const split = hidden * (inputs + 1);
  let velocity: number[] = [];
  const net: SmallNet = {
    weights: [...layer(hidden, inputs), ...layer(outputs, hidden)],
    updateKind: 'momentum',
    momentum: 0.9,
    trainStep(batch, { lr, momentum = 0.9 }) {
      const gradient = net.weights.map(() => 0);
      const metrics = pass(batch, gradient);
      velocity = gradient.map((g, i) => momentum * (velocity[i] ?? 0) + g);
      net.weights = net.weights.map((w, i) => w - lr * velocity[i]!);
      return metrics;
    },
    async evaluate(batches) {
      const all: Metrics[] = [];
      for await (const batch of batches) all.push(pass(batch));
      const mean = (of: 'loss' | 'accuracy') =>
        all.reduce((sum, metrics) => sum + metrics[of]!, 0) / all.length;
      return { loss: mean('loss'), ...(classes > 0 && { accuracy: mean('accuracy') }) };
    },
    snapshot: async () => ({ weights: [...net.weights], velocity: [...velocity] }),
    async restore(snapshot) {
      const { weights, velocity: kept } = snapshot as { weights: number[]; velocity: number[] };
      net.weights = [...weights];
      velocity = [...kept];
    },
    constantAnswer: (batches) =>
      constantAnswer(batches, ({ targets }) =>
        classes > 0 ? { loss: 'crossEntropy', classes: targets } : { loss: 'mse', values: targets, width: 1 },
      ),
    dispose() {},
  };

  /** Returns the metrics of a batch and adds its mean gradient. */
  function pass({ inputs: rows, targets }: Rows, gradient?: number[]): Metrics {
    const { weights } = net;
    let [loss, right] = [0, 0];
    for (const [row, x] of rows.entries()) {
      const h = Array.from({ length: hidden }, (_, j) => {
        let sum = weights[j * (inputs + 1) + inputs]!;
        for (let i = 0; i < inputs; i++) sum += weights[j * (inputs + 1) + i]! * x[i]!;
        return Math.max(0, sum);
      });
      const z = Array.from({ length: outputs }, (_, k) => {
        const from = split + k * (hidden + 1);
        return h.reduce((sum, value, j) => sum + weights[from + j]! * value, weights[from + hidden]!);
      });
      const target = targets[row]!;
      let slope: number[];
      if (classes > 0) {
        const most = Math.max(...z);
        const sum = z.reduce((all, value) => all + Math.exp(value - most), 0);
        loss += Math.log(sum) + most - z[target]!;
        right += z[target] === most ? 1 : 0;
        slope = z.map((value, k) => Math.exp(value - most) / sum - (k === target ? 1 : 0));
      } else {
        loss += (z[0]! - target) ** 2;
        slope = [2 * (z[0]! - target)];
      }
      if (!gradient) continue;
      const back = h.map(() => 0);
      for (const [k, value] of slope.entries()) {
        const from = split + k * (hidden + 1);
        for (let j = 0; j < hidden; j++) {
          gradient[from + j]! += (value * h[j]!) / rows.length;
          if (h[j]! > 0) back[j]! += value * weights[from + j]!;
        }
        gradient[from + hidden]! += value / rows.length;
      }
      for (const [j, value] of back.entries()) {
        const from = j * (inputs + 1);
        for (let i = 0; i < inputs; i++) gradient[from + i]! += (value * x[i]!) / rows.length;
        gradient[from + inputs]! += value / rows.length;
      }
    }
    return { loss: loss / rows.length, ...(classes > 0 && { accuracy: right / rows.length }) };
  }
  return net;
}
