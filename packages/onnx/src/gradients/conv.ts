import { int, ints } from '../format/attributes.ts';
import type { NodeProto } from '../generated/onnx_pb.ts';
import { type Dim, type Dims, unknownDim } from '../graph/dim.ts';
import type { Graph } from '../graph/graph.ts';
import { inputOf } from '../graph/infer.ts';
import type { GradientContext, Operators } from '../graph/operator.ts';
import type { Ops } from '../graph/ops.ts';
import { isStatic } from '../graph/value.ts';
import { blockedKernel } from '../lower/blockedConv.ts';
import type { ConvForm } from './convForm.ts';
import { convWeightGradient } from './convWeight.ts';
import { extent, padsOf, places, windowOf, writePads } from './window.ts';

/** The kernel's sizes: those of the weight, which must be known. */
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

/** The weight gradient is written out kernel element by kernel element, up to this many. */
const mostPlaces = 1 << 14;

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
  if (window.kernel.reduce((n, size) => n * size, 1) > mostPlaces) {
    throw c.refuse(`its kernel has more than ${mostPlaces} places`);
  }
  return { window, pads, group: int(node, 'group', 1), axes: window.kernel.length };
}

/** All axes after the batch and channel axes. */
export const spatialAxes = (axes: number): number[] => Array.from({ length: axes }, (_, i) => i + 2);

/** W [M, C/g, k…] as the kernel of the input gradient, [C, M/g, k…], each spatial axis reversed. */
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
 * Whether laying out the output's gradient for a convolution copies so much more than a transposed convolution
 * adds up that the latter is faster on the CPU. Measured with 2 threads, kernels of 3×3 and 5×5: 0.6 ms for 1.4
 * at a ratio of 5 (LeNet's second layer), 0.7 for 3.0 at 19, equal at 3, and 0.7 for 0.3 at 1.
 */
function copiesTooMuch({ b, x, g }: GradientContext): boolean {
  const [examples, ...from] = b.shape(g(0));
  const [also, ...to] = b.shape(x(0));
  if (b.provider === 'webgpu' || examples !== also || !isStatic(from) || !isStatic(to)) return false;
  const size = (dims: readonly number[]): number => dims.reduce((product, dim) => product * dim, 1);
  // Compares the output channels times the input's positions with the input channels times the output's positions.
  const [outputs, ...places] = from;
  const [inputs, ...sizes] = to;
  return (outputs as number) * size(sizes) > 3 * (inputs as number) * size(places);
}

/**
 * The gradient of the input. At stride 1 it is a convolution of the output's gradient with the reversed,
 * transposed kernel, which runtimes do fast; otherwise, or to few channels, a transposed convolution.
 */
function inputGradient(c: GradientContext, form: ConvForm): string {
  const { b, x, g } = c;
  const { window, pads, group, axes } = form;
  const { kernel, strides, dilations } = window;
  const back = pads.map(
    (pad, i) => extent(kernel[i % axes] as number, dilations[i % axes] as number) - 1 - pad,
  );
  const single = strides.every((stride) => stride === 1) && back.every((pad) => pad >= 0);
  // This form turns the kernel by itself.
  if (single && blockedKernel(b, x(1), group)) {
    return b.emit('ConvTranspose', [g(0), x(1)], { kernel_shape: kernel, pads, dilations, group });
  }
  if (single && !copiesTooMuch(c)) {
    return b.emit('Conv', [g(0), reversedKernel(b, x(1), form)], {
      kernel_shape: kernel,
      pads: back,
      dilations,
      group,
    });
  }
  const sizes = b.shape(x(0)).slice(2);
  const outputs = b.shape(g(0)).slice(2);
  const full = outputs.map((n, i) =>
    typeof n === 'number'
      ? (n - 1) * (strides[i] as number) + extent(kernel[i] as number, dilations[i] as number)
      : undefined,
  );
  const spare = sizes.map((size, i) => {
    const reach = full[i];
    return typeof size === 'number' && reach !== undefined
      ? size + (pads[i] as number) + (pads[i + axes] as number) - reach
      : undefined;
  });
  const fits = spare.every((extra, i) => extra !== undefined && extra >= 0 && extra < (strides[i] as number));
  if (fits) {
    return b.emit('ConvTranspose', [g(0), x(1)], {
      kernel_shape: kernel,
      strides,
      dilations,
      group,
      pads,
      output_padding: spare as number[],
    });
  }
  // Sizes known only at run time: the whole reach, then cut and filled to the input's size.
  const whole = b.emit('ConvTranspose', [g(0), x(1)], { kernel_shape: kernel, strides, dilations, group });
  const before = b.ints(pads.slice(0, axes).map((pad) => -pad));
  const room = b.sub(b.emit('Shape', [x(0)], { start: 2 }), b.emit('Shape', [whole], { start: 2 }));
  const after = b.add(room, b.ints(pads.slice(0, axes)));
  return b.emit('Pad', [whole, b.concat([before, after], 0), '', b.ints(spatialAxes(axes))]);
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
        needs(0) ? inputGradient(c, form) : undefined,
        needs(1) ? convWeightGradient(b, x(1), x(0), g(0), form) : undefined,
        needs(2) ? b.reduceSum(g(0), [0, ...spatialAxes(form.axes)]) : undefined,
      ];
    },
  },
};
