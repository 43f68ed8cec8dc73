import fc from 'fast-check';
import { describeGradients, ints, size } from '../../test/describeGradients.ts';

const two = (arbitrary: fc.Arbitrary<number>) => fc.tuple(arbitrary, arbitrary);

describeGradients([
  [
    'Col2Im',
    fc
      .record({
        n: size,
        channels: size,
        image: two(fc.integer({ min: 4, max: 6 })),
        block: two(fc.integer({ min: 1, max: 2 })),
        strides: two(fc.integer({ min: 1, max: 2 })),
        dilations: two(fc.integer({ min: 1, max: 2 })),
        pads: fc.tuple(fc.nat(1), fc.nat(1), fc.nat(1), fc.nat(1)),
      })
      .map(({ n, channels, image, block, strides, dilations, pads }) => {
        const counts = image.map((length, i) => {
          const room =
            length + (pads[i] ?? 0) + (pads[i + 2] ?? 0) - (dilations[i] ?? 1) * ((block[i] ?? 1) - 1) - 1;
          return Math.floor(room / (strides[i] ?? 1)) + 1;
        });
        return {
          op: 'Col2Im',
          step: 0.5,
          inputs: [
            { dims: [n, channels * block[0] * block[1], (counts[0] ?? 1) * (counts[1] ?? 1)] },
            ints(image),
            ints(block),
          ],
          attributes: { strides, dilations, pads },
        };
      }),
  ],
  [
    'CenterCropPad',
    fc.tuple(size, size, size, size, fc.boolean()).map(([a, b, c, d, some]) => ({
      op: 'CenterCropPad',
      step: 0.5,
      inputs: [{ dims: [a, b, 2] }, ints(some ? [d, 3] : [c, d, 3])],
      attributes: some ? { axes: [1, -1] } : {},
    })),
  ],
]);
