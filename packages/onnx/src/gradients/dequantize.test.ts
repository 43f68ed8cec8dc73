import fc from 'fast-check';
import { describeGradients, size } from '../../test/describeGradients.ts';
import { DataType } from '../format/dataType.ts';

const integers = fc.array(fc.integer({ min: -100, max: 100 }), { minLength: 64, maxLength: 64 });
const stored = (dims: readonly number[], values: readonly number[]) => ({
  dims,
  type: DataType.INT8,
  values: values.slice(
    0,
    dims.reduce((product, dim) => product * dim, 1),
  ),
});

describeGradients([
  [
    'DequantizeLinear with one scale',
    fc.tuple(size, size, fc.boolean(), integers).map(([a, b, zero, values]) => ({
      op: 'DequantizeLinear',
      step: 0.5,
      inputs: [stored([a, b], values), { dims: [] }, zero ? stored([], [3]) : undefined],
    })),
  ],
  [
    'DequantizeLinear with a scale for each channel',
    fc.tuple(size, size, fc.constantFrom(0, 1, -1), integers).map(([a, b, axis, values]) => {
      const length = [a, b, 2].at(axis) as number;
      return {
        op: 'DequantizeLinear',
        step: 0.5,
        inputs: [stored([a, b, 2], values), { dims: [length] }, stored([length], [1, -2, 3, 4])],
        attributes: { axis },
      };
    }),
  ],
  [
    'DequantizeLinear with a scale for each block',
    fc.tuple(size, size, integers).map(([a, b, values]) => ({
      op: 'DequantizeLinear',
      opset: 21,
      step: 0.5,
      inputs: [stored([a, 2 * b], values), { dims: [a, b] }],
      attributes: { axis: 1, block_size: 2 },
    })),
  ],
]);
