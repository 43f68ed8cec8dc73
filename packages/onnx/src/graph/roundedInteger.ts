import { int } from '../format/attributes.ts';
import type { NodeProto } from '../generated/onnx_pb.ts';
import { inputOf } from './infer.ts';
import type { Ops } from './ops.ts';

/** The rounded integers of a `clr:RoundedWeight` before clipping, as floats, and the limits of their range. */
export function roundedInteger(b: Ops, node: NodeProto): { integer: string; least: number; most: number } {
  const zero = inputOf(node, 2);
  const steps = b.emit('Round', [b.div(inputOf(node, 0), inputOf(node, 1))]);
  return {
    integer: zero === '' ? steps : b.add(steps, zero),
    least: int(node, 'least', 0),
    most: int(node, 'most', 0),
  };
}
