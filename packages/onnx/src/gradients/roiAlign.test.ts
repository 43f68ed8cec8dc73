import fc from 'fast-check';
import { describeGradients, size } from '../../test/describeGradients.ts';
import { DataType } from '../format/dataType.ts';

describeGradients(
  (
    [
      [10, {}],
      [16, { coordinate_transformation_mode: 'half_pixel' }],
      [16, { coordinate_transformation_mode: 'output_half_pixel' }],
    ] as const
  ).map(([opset, attributes]) => [
    `RoiAlign, opset ${opset} ${JSON.stringify(attributes)}`,
    fc.tuple(size, size, size, size).map(([h, w, channels, samples]) => ({
      op: 'RoiAlign',
      opset,
      // The function has a kink where a sample crosses a row. A small step rarely crosses a kink.
      step: 1e-5,
      inputs: [
        { dims: [2, channels, h + 1, w + 2] },
        { dims: [3, 4], draw: 'positive' as const, fixed: true },
        { dims: [3], type: DataType.INT64, values: [1, 0, 1], fixed: true },
      ],
      attributes: {
        ...attributes,
        output_height: 2,
        output_width: 3,
        sampling_ratio: samples,
        spatial_scale: { float: 1.5 },
      },
    })),
  ]),
);
