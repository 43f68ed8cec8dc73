import { int } from '../../format/attributes.ts';
import { inputOf } from '../../graph/infer.ts';
import type { Row } from '../row.ts';

/** WebGPU guarantees 8 buffers per shader: one input and 7 outputs. */
const maxOutputs = 7;

/** The size of each part. */
type Sizes = readonly number[];

/** If there are more parts than a shader can have outputs, splits in stages: first into groups, then each group. */
export const splitInGroups: Row<Sizes> = {
  operator: 'Split',
  form: 'in groups',
  where: 'webgpu',
  because: 'a shader has 8 buffers',
  applies: (node, graph) => {
    if (node.output.length <= maxOutputs) return undefined;
    const axis = int(node, 'axis', 0);
    const dims = graph.dims(inputOf(node, 0));
    const whole = dims?.[axis < 0 ? axis + dims.length : axis];
    const even = typeof whole === 'number' ? Math.ceil(whole / node.output.length) : undefined;
    const sizes =
      graph.numbers(node.input[1]) ??
      (even === undefined
        ? undefined
        : node.output.map((_, i) => Math.min(even, Math.max(0, (whole as number) - i * even))));
    return sizes?.length === node.output.length ? sizes : undefined;
  },
  write: (node, b, sizes) => {
    const axis = int(node, 'axis', 0);
    const split = (from: string, parts: Sizes, to: readonly string[]): void => {
      if (to.length <= maxOutputs) {
        b.emitAs('Split', [from, b.ints(parts)], { axis }, ...to);
        return;
      }
      const size = Math.ceil(parts.length / maxOutputs);
      const starts = Array.from({ length: Math.ceil(parts.length / size) }, (_, i) => i * size);
      const groups = starts.map((start) => ({
        name: b.uniqueName('Split'),
        parts: parts.slice(start, start + size),
        to: to.slice(start, start + size),
      }));
      const totals = groups.map((group) => group.parts.reduce((sum, part) => sum + part, 0));
      b.emitAs('Split', [from, b.ints(totals)], { axis }, ...groups.map(({ name }) => name));
      for (const group of groups) split(group.name, group.parts, group.to);
    };
    split(inputOf(node, 0), sizes, node.output);
    return undefined;
  },
};
