import fc from 'fast-check';
import { describeGradients, size } from '../../test/describeGradients.ts';
import { DataType } from '../format/dataType.ts';

describeGradients([
  [
    'MaxUnpool',
    fc.tuple(size, size, fc.boolean()).map(([h, w, sized]) => {
      const [height, width] = [2 * h, 2 * w + (sized ? 1 : 0)];
      // The index of each window's upper left corner.
      const values = Array.from({ length: h * w }, (_, k) => 2 * Math.floor(k / w) * width + 2 * (k % w));
      const shape = { dims: [4], type: DataType.INT64, values: [1, 1, height, width] };
      return {
        op: 'MaxUnpool',
        step: 0.5,
        inputs: [
          { dims: [1, 1, h, w] },
          { dims: [1, 1, h, w], type: DataType.INT64, values },
          ...(sized ? [shape] : []),
        ],
        attributes: { kernel_shape: [2, 2], strides: [2, 2] },
      };
    }),
  ],
]);
