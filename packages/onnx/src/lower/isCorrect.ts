import { int } from '../format/attributes.ts';
import { DataType } from '../format/dataType.ts';
import type { NodeProto } from '../generated/onnx_pb.ts';
import type { Graph } from '../graph/graph.ts';
import { inputOf } from '../graph/infer.ts';
import { oneHotArgMax } from './oneHotArgMax.ts';
import { always, type Row } from './row.ts';

/** Whether the target has a class axis, as the logits do. */
const isDistribution = (node: NodeProto, graph: Graph): boolean =>
  graph.rank(inputOf(node, 1)) === graph.rank(inputOf(node, 0));

/** Compares masks that have the logits' shape. */
const byMasks: Row = {
  operator: 'clr:IsCorrect',
  form: 'by masks',
  where: 'webgpu',
  because: "on WebGPU, the operators that read ArgMax's integers run on the CPU",
  applies: always,
  write: (node, b) => {
    const [logits, target] = node.input as [string, string];
    const one = b.scalar(1, logits);
    const axis = int(node, 'axis', 1);
    const right = isDistribution(node, b)
      ? b.maskWith(oneHotArgMax(b, target, axis), one)
      : b.oneHot(target, logits, axis);
    const hits = b.reduceSum(b.maskWith(oneHotArgMax(b, logits, axis), right), [axis]);
    return [b.cast(hits, DataType.FLOAT)];
  },
};

const byArgMax: Row = {
  operator: 'clr:IsCorrect',
  form: 'by ArgMax',
  where: 'everywhere',
  because: 'the fallback: works for every node and on every target',
  applies: always,
  write: (node, b) => {
    const [logits, target] = node.input as [string, string];
    const axis = int(node, 'axis', 1);
    const best = (value: string): string => b.emit('ArgMax', [value], { axis, keepdims: 0 });
    const right = isDistribution(node, b) ? best(target) : target;
    return [b.cast(b.equal(best(logits), right), DataType.FLOAT)];
  },
};

/** Whether the predicted class is the target's. */
export const isCorrect: readonly Row[] = [byMasks, byArgMax];
