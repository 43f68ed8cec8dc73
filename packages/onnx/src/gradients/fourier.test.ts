import fc from 'fast-check';
import { describeGradients, size } from '../../test/describeGradients.ts';
import { DataType } from '../format/dataType.ts';

const flag = fc.constantFrom(0, 1);
const long = (value: number) => ({ dims: [], type: DataType.INT64, values: [value] });
/** Lengths of the transform: the default, and lengths that may be shorter than, equal to or longer than the signal. */
const lengths = fc.constantFrom(undefined, 3, 4, 5, 7, 8);

describeGradients([
  [
    'DFT, opset 17',
    fc
      .tuple(size, fc.integer({ min: 3, max: 8 }), flag, flag, flag, lengths)
      .map(([a, n, complex, inverse, sided, length]) => ({
        op: 'DFT',
        opset: 18,
        step: 0.5,
        inputs: [{ dims: [a, n, 1 + complex], fixed: true }, length === undefined ? undefined : long(length)],
        attributes: { axis: 1, inverse, onesided: complex === 0 && inverse === 0 ? sided : 0 },
      })),
  ],
  [
    'DFT, opset 20',
    fc
      .tuple(size, fc.integer({ min: 3, max: 8 }), flag, flag, flag, lengths)
      .map(([a, n, complex, inverse, first, length]) => ({
        op: 'DFT',
        opset: 20,
        step: 0.5,
        inputs: [
          { dims: [n, a + 2, 1 + complex], fixed: true },
          length === undefined ? undefined : long(length),
          long(first === 1 ? 0 : -2),
        ],
        attributes: { inverse },
      })),
  ],
  [
    'STFT',
    fc
      .tuple(size, flag, flag, flag, fc.integer({ min: 1, max: 3 }))
      .map(([a, window, onesided, complex, step]) => ({
        op: 'STFT',
        step: 0.5,
        inputs: [
          { dims: [a, 11, 1 + (onesided === 1 || window === 1 ? 0 : complex)], fixed: true },
          long(step),
          window === 1 ? { dims: [4], fixed: true } : undefined,
          window === 1 ? undefined : long(5),
        ],
        attributes: { onesided },
      })),
  ],
]);
