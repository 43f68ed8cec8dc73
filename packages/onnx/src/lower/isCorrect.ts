import { DataType } from '../format/dataType.ts';
import type { NodeProto } from '../generated/onnx_pb.ts';
import type { Graph } from '../graph/graph.ts';
import { inputOf } from '../graph/infer.ts';
import { firstMax } from './firstMax.ts';
import { always, type Row } from './row.ts';

/** Whether the target is [N, C, …], as the logits are, and not [N, …]. */
const isDistribution = (node: NodeProto, graph: Graph): boolean =>
  graph.rank(inputOf(node, 1)) === graph.rank(inputOf(node, 0));

/** By masks of the logits' shape. */
const byMasks: Row = {
  operator: 'clr:IsCorrect',
  form: 'by masks',
  where: 'webgpu',
  because: "ArgMax ends in integers that WebGPU's other operators send to the CPU",
  applies: always,
  write: (node, b) => {
    const [logits, target] = node.input as [string, string];
    const one = b.scalar(1, logits);
    const right = isDistribution(node, b)
      ? b.maskWith(firstMax(b, target, 1), one)
      : b.oneHot(target, logits);
    const hits = b.reduceSum(b.maskWith(firstMax(b, logits, 1), right), [1]);
    return [b.cast(hits, DataType.FLOAT)];
  },
};

const byArgMax: Row = {
  operator: 'clr:IsCorrect',
  form: 'by ArgMax',
  where: 'everywhere',
  because: 'the plain form',
  applies: always,
  write: (node, b) => {
    const [logits, target] = node.input as [string, string];
    const best = (value: string): string => b.emit('ArgMax', [value], { axis: 1, keepdims: 0 });
    const right = isDistribution(node, b) ? best(target) : target;
    return [b.cast(b.equal(best(logits), right), DataType.FLOAT)];
  },
};

/** Whether a classifier is right. */
export const isCorrect: readonly Row[] = [byMasks, byArgMax];
