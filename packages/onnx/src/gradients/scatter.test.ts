import fc from 'fast-check';
import { describeGradients, type Row, size } from '../../test/describeGradients.ts';
import { DataType } from '../format/dataType.ts';

/** Updates single elements of a matrix. Positions may repeat. The reductions combine the updates. */
const elements = (reduction: string): Row => [
  `ScatterElements ${reduction}`,
  fc.tuple(size, size, fc.array(fc.nat(99), { minLength: 16, maxLength: 16 })).map(([a, b, draws]) => ({
    op: 'ScatterElements',
    inputs: [
      { dims: [a + 1, b], draw: 'distinct' as const },
      { dims: [3, b], type: DataType.INT64, values: draws.slice(0, 3 * b).map((draw) => draw % (a + 1)) },
      { dims: [3, b], draw: 'away' as const },
    ],
    attributes: { axis: 0, reduction },
  })),
];

/**
 * Updates rows of a matrix at distinct positions. If positions repeated, the runtime's kernel could lose updates with
 * several threads.
 */
const rows = (reduction: string): Row => [
  `ScatterND ${reduction}`,
  size.map((b) => ({
    op: 'ScatterND',
    inputs: [
      { dims: [4, b], draw: 'distinct' as const },
      { dims: [2, 1], type: DataType.INT64, values: [3, 1] },
      { dims: [2, b], draw: 'away' as const },
    ],
    attributes: { reduction },
  })),
];

const reductions = ['mul', 'max', 'min'];

describeGradients([...reductions.map(elements), ...reductions.map(rows)]);
