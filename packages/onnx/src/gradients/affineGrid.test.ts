import fc from 'fast-check';
import { describeGradients, ints, size } from '../../test/describeGradients.ts';

describeGradients([
  [
    'AffineGrid',
    fc
      .tuple(size, size, size, size, fc.constantFrom(0, 1), fc.boolean())
      .map(([n, d, h, w, align_corners, volume]) => ({
        op: 'AffineGrid',
        opset: 20,
        step: 0.5,
        inputs: [
          { dims: volume ? [n, 3, 4] : [n, 2, 3], fixed: true },
          ints(volume ? [n, 1, d + 1, h + 1, w + 1] : [n, 1, h + 1, w + 1]),
        ],
        attributes: { align_corners },
      })),
  ],
]);
