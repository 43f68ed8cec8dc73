import { inputOf } from '../graph/infer.ts';
import { roundedInteger } from '../graph/roundedInteger.ts';
import { always, type Row } from './row.ts';

/** Rounds a weight to its stored integers and converts it back to float. */
export const roundedWeight: Row = {
  operator: 'clr:RoundedWeight',
  form: 'in float arithmetic',
  where: 'everywhere',
  because: 'QuantizeLinear supports neither int32 nor the blocks of MatMulNBits',
  applies: always,
  write: (node, b) => {
    const { integer, least, most } = roundedInteger(b, node);
    const zero = inputOf(node, 2);
    const held = b.emit('Clip', [integer, b.scalar(least, integer), b.scalar(most, integer)]);
    return [b.mul(zero === '' ? held : b.sub(held, zero), inputOf(node, 1))];
  },
};
