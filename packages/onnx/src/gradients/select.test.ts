import fc from 'fast-check';
import { describeGradients, size } from '../../test/describeGradients.ts';
import { DataType } from '../format/dataType.ts';

const axes = fc.constantFrom(undefined, 0, 1, -1);
const axisAttribute = (axis: number | undefined) => (axis === undefined ? {} : { axis });

describeGradients([
  [
    'Compress',
    fc
      .tuple(size, size, axes, fc.array(fc.nat(1), { minLength: 16, maxLength: 16 }))
      .map(([a, b, axis, draws]) => {
        const length = axis === undefined ? a * b : axis === 0 ? a : b;
        // The condition may be shorter than the axis.
        const condition = [1, ...draws].slice(0, length);
        return {
          op: 'Compress',
          inputs: [{ dims: [a, b] }, { dims: [condition.length], type: DataType.BOOL, values: condition }],
          attributes: axisAttribute(axis),
        };
      }),
  ],
  [
    'Unique',
    fc.tuple(size, size, axes, fc.constantFrom(0, 1)).map(([a, b, axis, sorted]) => ({
      op: 'Unique',
      inputs: [{ dims: [a, b], draw: 'distinct' as const }],
      attributes: { ...axisAttribute(axis), sorted },
    })),
  ],
]);
