import { DataType } from '../format/dataType.ts';
import type { NodeProto } from '../generated/onnx_pb.ts';
import { operatorKey } from '../graph/graph.ts';
import { inputOf } from '../graph/infer.ts';
import { always, type Row } from './row.ts';

const largestFloat = 3.4028234663852886e38;

/**
 * A form for a Relu followed by a max pool. A window whose maximum is 0 passes no gradient. In any other window the
 * maximum is above 0, so the mask of the Relu can be applied to the pooled values instead.
 */
const throughPool: Row<NodeProto> = {
  operator: 'clr:ReluGrad',
  form: 'masked where the pool has fewer elements',
  where: 'everywhere',
  because:
    'gives the same result with fewer operations: the output of a 2×2 pool has a quarter of the elements',
  applies: (node, graph) => {
    const pool = graph.producer(inputOf(node, 1));
    const same = pool && operatorKey(pool) === 'clr:MaxPoolGrad' && inputOf(pool, 0) === inputOf(node, 0);
    return same ? pool : undefined;
  },
  write: (_node, b, pool) => {
    const [x, y, g] = pool.input as [string, string, string];
    const passing = b.maskWith(b.greater(y, b.scalar(0, y)), g);
    return [b.emitLike(pool, [x, y, passing])];
  },
};

/**
 * A hard sigmoid with the steepest possible slope maps y to 0 or 1 (only denormal numbers give values in between). The
 * gradient is multiplied by the result.
 */
const byHardSigmoid: Row = {
  operator: 'clr:ReluGrad',
  form: 'times a steep hard sigmoid',
  where: 'cpu',
  because: 'takes half the time of a comparison and a Where',
  applies: (node, graph) => graph.type(inputOf(node, 0)).type === DataType.FLOAT || undefined,
  write: (node, b) => {
    const [y, g] = node.input as [string, string];
    return [b.mul(g, b.emit('HardSigmoid', [y], { alpha: { float: largestFloat }, beta: { float: 0 } }))];
  },
};

const plain: Row = {
  operator: 'clr:ReluGrad',
  form: 'plain',
  where: 'everywhere',
  because: 'the fallback: works for every node and on every target',
  applies: always,
  write: (node, b) => {
    const [y, g] = node.input as [string, string];
    return [b.maskWith(b.greater(y, b.scalar(0, y)), g)];
  },
};

/** The gradient of a Relu. */
export const reluGrad: readonly Row[] = [throughPool as Row, byHardSigmoid, plain];
