import type { NodeProto } from '../generated/onnx_pb.ts';

/**
 * A forward pass in segments. Activations between segments are kept, and activations inside a segment are computed
 * again.
 */
export interface Segments {
  /** The index of the last node of each segment, except the last segment. */
  readonly cuts: readonly number[];
  /** The values that cross a cut. */
  readonly kept: ReadonlySet<string>;
}

/** The arguments of {@link cutIntoSegments}. */
export interface Uncut {
  /** The nodes that make activations, in order. */
  readonly nodes: readonly NodeProto[];
  /** The size of a value in bytes, or 0 if the value stays in memory anyway. */
  readonly sizeOf: (value: string) => number;
  /** The values that the backward pass reads. */
  readonly read: ReadonlySet<string>;
}

/** The limits on a segment's size to try are 1/32 to 31/32 of all activations. */
const grid = 32;

const sum = (numbers: Iterable<number>): number => {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
};

/**
 * Chooses cuts of a forward pass that minimise the memory of the values that cross cuts plus that of the largest
 * segment (Chen et al. 2016, arXiv 1604.06174). For a chain of n equal layers, this gives about √n segments.
 *
 * @returns `undefined` if no cut saves memory
 */
export function cutIntoSegments({ nodes, sizeOf, read }: Uncut): Segments | undefined {
  const lastRead = new Map<string, number>();
  nodes.forEach(({ input }, i) => {
    for (const name of input) lastRead.set(name, i);
  });
  const madeAt = new Map(nodes.flatMap(({ output }, i) => output.map((name) => [name, i] as const)));
  const large = [...madeAt].filter(([name]) => sizeOf(name) > 0);
  const crossing = (cut: number): string[] =>
    large.flatMap(([name, at]) => (at <= cut && (lastRead.get(name) ?? -1) > cut ? [name] : []));
  const costs = nodes.map((_, i) => sum(crossing(i).map(sizeOf)));
  const saved = nodes.map(({ output }) => sum(output.filter((name) => read.has(name)).map(sizeOf)));
  const whole = sum(saved);

  /** Chooses cuts so that no segment exceeds a limit. Each cut is placed where the least memory crosses it. */
  const cutsFor = (limit: number): number[] => {
    const cuts: number[] = [];
    let [start, size] = [0, 0];
    for (let i = 0; i < nodes.length; i++) {
      size += saved[i] as number;
      if (size <= limit || i === nodes.length - 1) continue;
      let cut = i;
      for (let at = i; at >= start; at--) if ((costs[at] as number) < (costs[cut] as number)) cut = at;
      cuts.push(cut);
      start = cut + 1;
      size = sum(saved.slice(start, i + 1));
    }
    return cuts;
  };

  const plan = (cuts: readonly number[]): Segments & { readonly memory: number } => {
    const kept = new Set(cuts.flatMap(crossing));
    const inside = [...cuts, nodes.length - 1].map((end, i) => {
      const start = i === 0 ? 0 : (cuts[i - 1] as number) + 1;
      const values = nodes.slice(start, end + 1).flatMap(({ output }) => output);
      return sum(values.filter((name) => read.has(name) && !kept.has(name)).map(sizeOf));
    });
    return { cuts, kept, memory: sum([...kept].map(sizeOf)) + Math.max(...inside) };
  };

  let best: ReturnType<typeof plan> | undefined;
  for (let part = 1; part < grid; part++) {
    const found = plan(cutsFor((whole * part) / grid));
    if (found.memory < (best?.memory ?? whole)) best = found;
  }
  return best && { cuts: best.cuts, kept: best.kept };
}
