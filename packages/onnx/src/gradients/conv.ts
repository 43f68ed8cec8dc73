import { int, ints } from '../format/attributes.ts';
import type { NodeProto } from '../generated/onnx_pb.ts';
import { attributesOf, type ConvForm, spatialAxes } from '../graph/convForm.ts';
import { type Dims, unknownDim } from '../graph/dim.ts';
import type { Graph } from '../graph/graph.ts';
import { inputOf } from '../graph/infer.ts';
import type { GradientContext, Operators } from '../graph/operator.ts';
import { padsOf, places, windowOf, writePads } from '../graph/window.ts';

/** The kernel's spatial sizes, or `undefined` if they are unknown; `weight` is the input that holds the kernel. */
export function kernelOf(node: NodeProto, b: Graph, weight = 1): readonly number[] | undefined {
  const dims = b.dims(inputOf(node, weight))?.slice(2);
  return dims?.every((dim) => typeof dim === 'number') ? (dims as number[]) : ints(node, 'kernel_shape');
}

/** The shape of a convolution's output; `weight` is the input that holds the kernel. */
export function convDims(node: NodeProto, b: Graph, weight = 1): Dims {
  const w = b.dims(inputOf(node, weight));
  b.assumeRank(inputOf(node, 0), w?.length);
  const x = b.dims(inputOf(node, 0));
  const kernel = kernelOf(node, b, weight);
  if (!x || !w || !kernel) return undefined;
  const window = windowOf(node, b, kernel);
  const spatial = x.slice(2).map((size, i) => places(window, i, size));
  return [x[0] ?? unknownDim(), w[0] ?? unknownDim(), ...spatial];
}

/** The largest supported kernel. Some ways to write a gradient emit a node for each of its elements. */
const maxKernelElements = 1 << 14;

function formOf(c: GradientContext): ConvForm {
  const { b, node } = c;
  const kernel = kernelOf(node, b);
  const window = kernel && windowOf(node, b, kernel);
  const pads = window && padsOf(window);
  if (!window || !pads) {
    throw c.refuse(
      'its padding depends on sizes that are known only while the model runs',
      'Export the model with explicit pads, or with fixed spatial sizes.',
    );
  }
  if (window.kernel.reduce((n, size) => n * size, 1) > maxKernelElements) {
    throw c.refuse(`its kernel has more than ${maxKernelElements} elements`);
  }
  return { window, pads, group: int(node, 'group', 1), axes: window.kernel.length };
}

/** Convolutions. */
export const conv: Operators = {
  Conv: {
    infer: (node, b) => [{ type: b.type(inputOf(node, 0)).type, dims: convDims(node, b) }],
    differentiable: [0, 1, 2],
    settle: (node, b) => {
      const kernel = kernelOf(node, b);
      if (kernel) writePads(node, padsOf(windowOf(node, b, kernel)));
    },
    gradient: (c) => {
      const { b, x, g, needs } = c;
      const form = formOf(c);
      return [
        needs(0) ? b.emit('clr:ConvInputGrad', [x(0), x(1), g(0)], attributesOf(form)) : undefined,
        needs(1) ? b.emit('clr:ConvWeightGrad', [x(0), x(1), g(0)], attributesOf(form)) : undefined,
        needs(2) ? b.reduceSum(g(0), [0, ...spatialAxes(form.axes)]) : undefined,
      ];
    },
  },
};
