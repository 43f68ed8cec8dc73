import type { NodeProto } from '../../generated/onnx_pb.ts';
import { type ConvForm, convFormOf } from '../../graph/convForm.ts';
import type { Graph } from '../../graph/graph.ts';
import { inputOf } from '../../graph/infer.ts';
import { isStatic } from '../../graph/value.ts';

/** A convolution whose kernel, input and output have known spatial sizes. */
export interface Sizes {
  readonly form: ConvForm;
  /** [M, C/g, k…] */
  readonly weight: readonly number[];
  /** The input's spatial sizes. */
  readonly from: readonly number[];
  /** The output's spatial sizes. */
  readonly to: readonly number[];
}

/** The sizes of a `clr:ConvWeightGrad`, or `undefined` if some of them are unknown. */
export function sizesOf(node: NodeProto, graph: Graph): Sizes | undefined {
  const weight = graph.dims(inputOf(node, 1));
  const [from, to] = [0, 2].map((i) => graph.dims(inputOf(node, i))?.slice(2));
  return isStatic(weight) && isStatic(from) && isStatic(to)
    ? { form: convFormOf(node), weight, from, to }
    : undefined;
}

export const product = (sizes: readonly number[]): number => sizes.reduce((count, size) => count * size, 1);
