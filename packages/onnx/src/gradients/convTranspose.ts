import { attribute, int, ints, makeAttribute } from '../format/attributes.ts';
import type { NodeProto } from '../generated/onnx_pb.ts';
import { attributesOf, type ConvForm, spatialAxes } from '../graph/convForm.ts';
import { addDim, type Dim, mulDim, unknownDim } from '../graph/dim.ts';
import type { Graph } from '../graph/graph.ts';
import { inputOf } from '../graph/infer.ts';
import type { GradientContext, Infer, Operators } from '../graph/operator.ts';
import { extent, isSame, splitPadding, writePads } from '../graph/window.ts';
import { kernelOf } from './conv.ts';

interface TransposedForm {
  readonly form: ConvForm;
  readonly outputPadding: readonly number[];
}

/**
 * The geometry of the convolution whose input gradient this operator computes. With `output_shape`, the pads depend on
 * the input's size, and the result is `undefined` if that is unknown.
 */
function geometry(node: NodeProto, b: Graph, kernel: readonly number[]): TransposedForm | undefined {
  const axes = kernel.length;
  const strides = ints(node, 'strides') ?? Array(axes).fill(1);
  const dilations = ints(node, 'dilations') ?? Array(axes).fill(1);
  const outputPadding = [...(ints(node, 'output_padding') ?? Array<number>(axes).fill(0))];
  const outputShape = ints(node, 'output_shape')?.slice(-axes);
  const list = ints(node, 'pads') ?? Array(2 * axes).fill(0);
  let [before, after] = [list.slice(0, axes), list.slice(axes)];
  if (outputShape || isSame(node)) {
    const sizes = b.dims(inputOf(node, 0))?.slice(2);
    const totals = kernel.map((k, i) => {
      // The size of the unpadded output minus input size · stride.
      const beyond = (outputPadding[i] as number) + extent(k, dilations[i]) - strides[i];
      const [size, wanted] = [sizes?.[i], outputShape?.[i]];
      if (wanted === undefined) return Math.max(0, beyond);
      if (typeof size !== 'number') return undefined;
      const total = size * strides[i] + beyond - wanted;
      outputPadding[i] = (outputPadding[i] as number) + Math.max(0, -total);
      return Math.max(0, total);
    });
    if (totals.includes(undefined)) return undefined;
    ({ before, after } = splitPadding(node, totals) as { before: number[]; after: number[] });
  }
  const window = { kernel, strides, dilations, before, after };
  const form = { window, pads: [...before, ...after], group: int(node, 'group', 1), axes };
  return { form, outputPadding };
}

const infer: Infer = (node, b) => {
  const { type, dims } = b.type(inputOf(node, 0));
  const w = b.dims(inputOf(node, 1));
  const kernel = kernelOf(node, b);
  if (!dims || !w || !kernel) return [{ type, dims: undefined }];
  const known = geometry(node, b, kernel);
  const spatial = dims.slice(2).map((size, i): Dim => {
    if (!known) return unknownDim();
    const { window, pads, axes } = known.form;
    const reach = extent(kernel[i] as number, window.dilations[i] as number);
    const cut = (pads[i] as number) + (pads[i + axes] as number);
    const steps = mulDim(addDim(size, -1), window.strides[i] as number);
    return addDim(steps, (known.outputPadding[i] as number) + reach - cut);
  });
  const channels = mulDim(w[1] ?? unknownDim(), int(node, 'group', 1));
  return [{ type, dims: [dims[0] ?? unknownDim(), channels, ...spatial] }];
};

/** Replaces automatic padding and `output_shape` by explicit padding. */
function settle(node: NodeProto, b: Graph): void {
  const kernel = kernelOf(node, b);
  const known = kernel && geometry(node, b, kernel);
  if (!known) return;
  writePads(node, known.form.pads);
  const shape = attribute(node, 'output_shape');
  if (!shape) return;
  node.attribute = node.attribute.filter((one) => one !== shape && one.name !== 'output_padding');
  node.attribute.push(makeAttribute('output_padding', known.outputPadding));
}

function back(c: GradientContext): (string | undefined)[] {
  const { b, node, x, g, needs } = c;
  const kernel = kernelOf(node, b);
  const known = kernel && geometry(node, b, kernel);
  if (!known) {
    throw c.refuse(
      'its padding depends on sizes that are known only while the model runs',
      'Export the model with explicit pads, or with fixed spatial sizes.',
    );
  }
  const { form } = known;
  // This operator computes the input gradient of a convolution with the same weight. So its own input gradient is that
  // convolution, applied to g.
  return [
    needs(0) ? b.emit('Conv', [g(0), x(1)], attributesOf(form)) : undefined,
    needs(1) ? b.emit('clr:ConvWeightGrad', [g(0), x(1), x(0)], attributesOf(form)) : undefined,
    needs(2) ? b.reduceSum(g(0), [0, ...spatialAxes(form.axes)]) : undefined,
  ];
}

/** Transposed convolutions. */
export const convTranspose: Operators = {
  ConvTranspose: { infer, settle, gradient: back, differentiable: [0, 1, 2] },
};
