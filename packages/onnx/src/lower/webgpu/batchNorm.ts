import { float, int } from '../../format/attributes.ts';
import { inputOf } from '../../graph/infer.ts';
import type { Row } from '../row.ts';

/** Batch normalisation in training mode, written as simpler operators. */
export const batchNormInParts: Row<number> = {
  operator: 'BatchNormalization',
  form: 'training form, in parts',
  where: 'webgpu',
  because: 'the provider has no kernel for training mode',
  applies: (node, graph) =>
    int(node, 'training_mode', 0) === 1 ? graph.dims(inputOf(node, 0))?.length : undefined,
  write: (node, b, rank) => {
    const [x, scale, bias, mean, variance] = node.input as [string, string, string, string, string];
    const [y, ...running] = node.output as [string, ...string[]];
    const others = Array.from({ length: rank }, (_, i) => i).filter((axis) => axis !== 1);
    const perChannel = [1, -1, ...Array(rank - 2).fill(1)];
    const center = b.reduceMean(x, others, true);
    const offset = b.sub(x, center);
    const spread = b.reduceMean(b.square(offset), others, true);
    const stable = b.add(spread, b.scalar(float(node, 'epsilon', 1e-5), x));
    const slope = b.div(b.reshape(scale, perChannel), b.sqrt(stable));
    b.emitAs('Add', [b.mul(offset, slope), b.reshape(bias, perChannel)], {}, y);
    const kept = float(node, 'momentum', 0.9);
    for (const [before, now, output] of [
      [mean, center, running[0]],
      [variance, spread, running[1]],
    ] as const) {
      if (!output) continue;
      const old = b.mul(before, b.scalar(kept, before));
      b.emitAs('Add', [old, b.mul(b.reshape(now, [-1]), b.scalar(1 - kept, before))], {}, output);
    }
    return undefined;
  },
};
