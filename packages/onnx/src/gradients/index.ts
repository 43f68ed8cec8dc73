import type { Operator, Operators } from '../graph/operator.ts';
import { privateOperators } from '../graph/privateOperators.ts';
import { activation } from './activation.ts';
import { affineGrid } from './affineGrid.ts';
import { arithmetic } from './arithmetic.ts';
import { attention } from './attention.ts';
import { batchNorm } from './batchNorm.ts';
import { classLoss } from './classLoss.ts';
import { columns } from './columns.ts';
import { controlFlow } from './controlFlow.ts';
import { conv } from './conv.ts';
import { convTranspose } from './convTranspose.ts';
import { det } from './det.ts';
import { dropout } from './dropout.ts';
import { einsum } from './einsum.ts';
import { fourier } from './fourier.ts';
import { gather } from './gather.ts';
import { gridSample } from './gridSample.ts';
import { join } from './join.ts';
import { layout } from './layout.ts';
import { math } from './math.ts';
import { matmul } from './matmul.ts';
import { maxUnpool } from './maxUnpool.ts';
import { normalize } from './normalize.ts';
import { pool } from './pool.ts';
import { quantized } from './quantized.ts';
import { random } from './random.ts';
import { recurrent } from './recurrent.ts';
import { reduce } from './reduce.ts';
import { repeat } from './repeat.ts';
import { resize } from './resize.ts';
import { roiAlign } from './roiAlign.ts';
import { scatter } from './scatter.ts';
import { select } from './select.ts';
import { shapeArithmetic } from './shapeArithmetic.ts';
import { sklearn } from './sklearn.ts';
import { softmax } from './softmax.ts';

/** All families of operators. A new family needs one file and one line here. */
const families: readonly Operators[] = [
  activation,
  affineGrid,
  arithmetic,
  attention,
  batchNorm,
  classLoss,
  columns,
  conv,
  convTranspose,
  det,
  dropout,
  einsum,
  fourier,
  gather,
  gridSample,
  join,
  layout,
  math,
  matmul,
  maxUnpool,
  normalize,
  pool,
  quantized,
  random,
  recurrent,
  reduce,
  repeat,
  resize,
  roiAlign,
  scatter,
  select,
  shapeArithmetic,
  sklearn,
  softmax,
  privateOperators,
  controlFlow,
];

/** All operators that this package knows, by type. */
export const operators: ReadonlyMap<string, Operator> = new Map(families.flatMap(Object.entries<Operator>));
