import fc from 'fast-check';
import { describeGradients, type Row, size } from '../../test/describeGradients.ts';
import { DataType } from '../format/dataType.ts';

/** Scores of C classes at [N, …] positions, the classes, and optionally a weight for each class. */
const losses = (op: string, outputs: readonly boolean[]): Row => [
  `${op}${outputs.length > 1 ? ' with its log-probabilities' : ''}`,
  fc
    .record({
      n: size,
      classes: fc.integer({ min: 2, max: 5 }),
      positions: fc.array(size, { maxLength: 3 }),
      reduction: fc.constantFrom('none', 'sum', 'mean'),
      weighted: fc.boolean(),
      ignored: fc.constantFrom(undefined, -1, 0, 10),
      draws: fc.array(fc.nat(1000), { minLength: 256, maxLength: 256 }),
    })
    .map(({ n, classes, positions, reduction, weighted, ignored, draws }) => {
      const dims = [n, ...positions];
      const count = dims.reduce((product, dim) => product * dim, 1);
      // The first position is never ignored, so that the mean is not 0/0.
      const target = draws
        .slice(0, count)
        .map((draw, i) =>
          ignored !== undefined && i > 0 && draw % 3 === 0 ? ignored : 1 + (draw % (classes - 1)),
        );
      return {
        op,
        inputs: [
          { dims: [n, classes, ...positions] },
          { dims, type: DataType.INT64, values: target, fixed: true },
          weighted ? { dims: [classes], draw: 'positive' as const } : undefined,
        ],
        attributes: { reduction, ...(ignored === undefined ? {} : { ignore_index: ignored }) },
        outputs,
      };
    }),
];

describeGradients([
  losses('NegativeLogLikelihoodLoss', [true]),
  losses('SoftmaxCrossEntropyLoss', [true]),
  losses('SoftmaxCrossEntropyLoss', [true, true]),
]);
