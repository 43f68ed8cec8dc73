import type { NodeProto } from '../../generated/onnx_pb.ts';
import { type ConvForm, spatialAxes } from '../../graph/convForm.ts';
import type { Dim } from '../../graph/dim.ts';
import type { Graph } from '../../graph/graph.ts';
import { inputOf } from '../../graph/infer.ts';
import type { Ops } from '../../graph/ops.ts';
import { isStatic } from '../../graph/value.ts';
import type { Row } from '../row.ts';
import type { Target } from '../target.ts';
import { type Single, singleOf } from './single.ts';

/** Turns W [M, C/g, k…] into the kernel of the input gradient, [C, M/g, k…], with each spatial axis reversed. */
function reversedKernel(b: Ops, weight: string, { group, axes, window }: ConvForm): string {
  const [m, c] = b.shape(weight) as [Dim, Dim];
  let kernel = weight;
  const long = spatialAxes(axes).filter((axis) => window.kernel[axis - 2] !== 1);
  if (long.length > 0) {
    kernel = b.slice(
      kernel,
      long.map(() => -1),
      long.map(() => -(2 ** 31)),
      long,
      long.map(() => -1),
    );
  }
  if (group === 1) return b.transpose(kernel, [1, 0, ...spatialAxes(axes)]);
  const perGroup = (m as number) / group;
  const grouped = b.reshape(kernel, [group, perGroup, c as number, ...window.kernel]);
  const turned = b.transpose(grouped, [0, 2, 1, ...spatialAxes(axes).map((axis) => axis + 1)]);
  return b.reshape(turned, [group * (c as number), perGroup, ...window.kernel]);
}

/**
 * Whether a transposed convolution is expected to be faster on the CPU. It is, if a convolution would copy (by im2col)
 * more than three times as many elements as a transposed convolution would add up (by col2im).
 */
function copiesTooMuch(node: NodeProto, graph: Graph, { provider }: Target): boolean {
  const [examples, ...from] = graph.shape(inputOf(node, 2));
  const [also, ...to] = graph.shape(inputOf(node, 0));
  if (provider === 'webgpu' || examples !== also || !isStatic(from) || !isStatic(to)) return false;
  const size = (dims: readonly number[]): number => dims.reduce((product, dim) => product * dim, 1);
  // Compares output channels times input positions with input channels times output positions.
  const [outputs, ...places] = from;
  const [inputs, ...sizes] = to;
  return (outputs as number) * size(sizes) > 3 * (inputs as number) * size(places);
}

/**
 * For stride 1: a convolution of the output's gradient with the reversed, transposed kernel. Runtimes optimise
 * convolutions well.
 */
export const byConv: Row<Single> = {
  operator: 'clr:ConvInputGrad',
  form: 'by convolution',
  where: 'everywhere',
  because:
    'against a transposed convolution, 2 threads, kernels of 3×3 and 5×5: 0.3 ms instead of 0.7 ms if the convolution copies as many elements as the transposed one adds up, equally fast if it copies 3 times as many, 3.0 ms instead of 0.7 ms if it copies 19 times as many',
  applies: singleOf,
  prefers: (_single, node, graph, target) => !copiesTooMuch(node, graph, target),
  write: (node, b, { form, back }) => {
    const [, w, g] = node.input as [string, string, string];
    const { window, group } = form;
    return [
      b.emit('Conv', [g, reversedKernel(b, w, form)], {
        kernel_shape: window.kernel,
        pads: back,
        dilations: window.dilations,
        group,
      }),
    ];
  },
};
