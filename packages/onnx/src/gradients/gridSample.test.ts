import fc from 'fast-check';
import { describeGradients, type Row, size } from '../../test/describeGradients.ts';

/** Samples images with two or three spatial axes, at positions inside and outside of the image and away from kinks. */
const samples = (mode: string, padding: string, spatial: number, opset: number): Row => [
  `GridSample ${mode}, ${padding}, ${spatial} axes, opset ${opset}`,
  fc
    .record({
      n: fc.integer({ min: 1, max: 2 }),
      channels: size,
      sizes: fc.array(fc.integer({ min: 2, max: 4 }), { minLength: spatial, maxLength: spatial }),
      counts: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: spatial, maxLength: spatial }),
      align_corners: fc.constantFrom(0, 1),
    })
    .map(({ n, channels, sizes, counts, align_corners }) => ({
      op: 'GridSample',
      opset,
      inputs: [
        { dims: [n, channels, ...sizes] },
        // In mode 'nearest', the positions are constant, because a small move does not change the nearest pixel.
        {
          dims: [n, ...counts, spatial],
          draw: 'normal' as const,
          ...(mode === 'nearest' && { constant: true as const }),
        },
      ],
      attributes: { mode, padding_mode: padding, align_corners },
      // Linear samples have kinks and need a small step. Cubic ones have none, so a wider step is possible, which is
      // more accurate in float32.
      step: mode.includes('cubic') ? 1e-2 : 1e-3,
    })),
];

const paddings = ['zeros', 'border', 'reflection'];

describeGradients([
  ...['bilinear', 'nearest', 'bicubic'].flatMap((mode) =>
    paddings.map((padding) => samples(mode, padding, 2, 16)),
  ),
  ...['linear', 'nearest', 'cubic'].flatMap((mode) =>
    paddings.map((padding) => samples(mode, padding, 2, 20)),
  ),
  ...['linear', 'nearest'].flatMap((mode) => paddings.map((padding) => samples(mode, padding, 3, 20))),
]);
