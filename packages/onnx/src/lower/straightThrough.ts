import { inputOf } from '../graph/infer.ts';
import { always, type Row } from './row.ts';

/** The rounded value itself. Only the gradient uses the other input. */
export const straightThrough: Row = {
  operator: 'clr:StraightThrough',
  form: 'its second input',
  where: 'everywhere',
  because: 'there is nothing to compute',
  applies: always,
  write: (node) => [inputOf(node, 1)],
};
