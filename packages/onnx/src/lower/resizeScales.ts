import { ints } from '../format/attributes.ts';
import { copyNode } from '../format/copyNode.ts';
import { DataType } from '../format/dataType.ts';
import { resizedTo } from '../graph/dim.ts';
import { axisOf, inputOf } from '../graph/infer.ts';
import type { Row } from './row.ts';

/**
 * Hides the scales of a Resize from the runtime's shape inference. The inference computes in float64, and the kernel
 * in float32. For example, 10 times the float32 number 0.7 is 7 in float32, but 6.99999988 in float64. So the
 * inference could fold a wrong shape into constants.
 */
export const hiddenScales: Row = {
  operator: 'Resize',
  form: 'with hidden scales',
  where: 'everywhere',
  because:
    'otherwise numbers that depend on the shape would be wrong (docs/known-differences.md, ort-shape-inference)',
  applies: (node, graph) => {
    const [dims, scales] = [graph.dims(inputOf(node, 0)), graph.numbers(inputOf(node, 2))];
    if (!dims || !scales) return undefined;
    const axes = ints(node, 'axes')?.map((axis) => axisOf(axis, dims.length)) ?? scales.map((_, i) => i);
    const differs = scales.some((scale, i) => {
      const size = dims[axes[i] as number];
      return typeof size === 'number' && resizedTo(size, scale) !== Math.floor(size * scale);
    });
    return differs || undefined;
  },
  write: (node, b) => {
    const [x, given] = [inputOf(node, 0), inputOf(node, 2)];
    // This 0 is computed from data, so shape inference cannot fold it.
    const first = b.slice(b.reshape(x, [-1]), [0], [1], [0]);
    const zero = b.mul(b.cast(b.emit('IsNaN', [first]), DataType.FLOAT), b.literal(DataType.FLOAT, [], [0]));
    const [name] = node.output as [string];
    const { type, dims: known } = b.type(name);
    b.append(copyNode(node, { input: [x, inputOf(node, 1), b.add(given, zero), ...node.input.slice(3)] }));
    b.declare(name, type, known);
    return undefined;
  },
};
