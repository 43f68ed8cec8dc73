import fc from 'fast-check';
import { describeGradients, size } from '../../test/describeGradients.ts';

describeGradients([
  [
    'Det',
    fc.tuple(fc.array(size, { maxLength: 2 }), size).map(([lead, n]) => ({
      op: 'Det',
      inputs: [{ dims: [...lead, n, n], fixed: true }],
    })),
  ],
]);
