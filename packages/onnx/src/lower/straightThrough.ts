import { inputOf } from '../graph/infer.ts';
import { always, type Row } from './row.ts';

/** The rounded value itself: only gradients know the other one. */
export const straightThrough: Row = {
  operator: 'clr:StraightThrough',
  form: 'its second input',
  where: 'everywhere',
  because: 'nothing is to be computed',
  applies: always,
  write: (node) => [inputOf(node, 1)],
};
