import { int } from '../format/attributes.ts';
import { DataType } from '../format/dataType.ts';
import type { NodeProto } from '../generated/onnx_pb.ts';
import { type Dim, unknownDim } from '../graph/dim.ts';
import type { Graph } from '../graph/graph.ts';
import { axisOf, inputOf } from '../graph/infer.ts';
import type { GradientContext, Infer, Operators } from '../graph/operator.ts';
import type { Ops } from '../graph/ops.ts';
import { byDecomposition } from './decompose.ts';

const isOneSided = (node: NodeProto): boolean => int(node, 'onesided', 0) === 1;

/** The axis of a DFT: an attribute until opset 19, an input since 20. */
function axisOfDft(node: NodeProto, b: Graph, rank: number): number | undefined {
  if (b.opset < 20) return axisOf(int(node, 'axis', 1), rank);
  const axis = inputOf(node, 2) === '' ? -2 : b.numbers(inputOf(node, 2))?.[0];
  return axis === undefined ? undefined : axisOf(axis, rank);
}

/** Emits a DFT over the full length of an axis. */
function dft(b: Ops, x: string, axis: number, inverse: boolean, oneSided = false): string {
  const attributes = { inverse: inverse ? 1 : 0, onesided: oneSided ? 1 : 0 };
  return b.opset < 20
    ? b.emit('DFT', [x], { ...attributes, axis })
    : b.emit('DFT', [x, '', b.int(axis)], attributes);
}

const half = (length: Dim): Dim => (typeof length === 'number' ? Math.floor(length / 2) + 1 : unknownDim());

const transformed: Infer = (node, b) => {
  const { type, dims } = b.type(inputOf(node, 0));
  const axis = dims && axisOfDft(node, b, dims.length);
  if (!dims || axis === undefined) return [{ type, dims: dims?.map(unknownDim) }];
  const given = inputOf(node, 1) === '' ? dims[axis] : b.value(inputOf(node, 1))?.[0];
  const length = given ?? unknownDim();
  const result = [...dims.slice(0, -1), 2];
  result[axis] = isOneSided(node) ? half(length) : length;
  return [{ type, dims: result }];
};

/**
 * y = F·x with a symmetric matrix F, so dx = conj(F)·g. For a transform of length n, this is n times the inverse
 * transform of g. For an inverse transform, it is the transform of g divided by n. Elements that `dft_length` cuts off
 * or adds contribute 0, and so does the half that a one-sided transform omits.
 */
function dftBack(c: GradientContext): (string | undefined)[] {
  const { b, node, x, g } = c;
  const dims = b.shape(x(0));
  const axis = axisOfDft(node, b, dims.length);
  const inverse = int(node, 'inverse', 0) === 1;
  if (axis === undefined)
    throw c.refuse('its axis is computed while the model runs', 'Export the model with a constant axis.');
  if (inverse && isOneSided(node)) throw c.refuse('no gradient for a one-sided inverse transform');
  const own = b.sizeAt(x(0), axis);
  const length = inputOf(node, 1) === '' ? own : b.reshape(b.cast(x(1), DataType.INT64), [1]);
  const zero = b.ints([0]);
  const resized = (value: string, to: string): string => {
    const around = b.concat([zero, b.sub(to, b.sizeAt(value, axis))], 0);
    return b.emit('Pad', [value, around, '', b.ints([axis])]);
  };
  const full = isOneSided(node) ? resized(g(0), length) : g(0);
  const turned = dft(b, full, axis, !inverse);
  const factor = b.castLike(b.squeeze(length, [0]), x(0));
  const scaled = inverse ? b.div(turned, factor) : b.mul(turned, factor);
  const real = dims.at(-1) === 1 ? b.slice(scaled, [0], [1], [-1]) : scaled;
  return [inputOf(node, 1) === '' ? real : resized(real, own)];
}

/** The length of a frame: the given length, or else the length of the window. */
function frameLength(node: NodeProto, b: Graph): number | undefined {
  const size = inputOf(node, 3) === '' ? b.dims(inputOf(node, 2))?.[0] : b.numbers(inputOf(node, 3))?.[0];
  return typeof size === 'number' ? size : undefined;
}

/** The number of whole frames in a signal. */
function frameCount(node: NodeProto, b: Graph): number | undefined {
  const total = b.dims(inputOf(node, 0))?.[1];
  const step = b.numbers(inputOf(node, 1))?.[0];
  const length = frameLength(node, b);
  if (typeof total !== 'number' || !step || length === undefined || length > total) return undefined;
  return Math.floor((total - length) / step) + 1;
}

const framed: Infer = (node, b) => {
  const { type, dims } = b.type(inputOf(node, 0));
  const length = frameLength(node, b) ?? unknownDim();
  const bins = int(node, 'onesided', 1) === 1 ? half(length) : length;
  return [{ type, dims: dims && [dims[0] as Dim, frameCount(node, b) ?? unknownDim(), bins, 2] }];
};

/** Cuts a signal [batch, time, 1 or 2] into windowed frames and transforms each. */
function stft(c: GradientContext, b: Ops): string {
  const { node, x } = c;
  const [count, length] = [frameCount(node, b), frameLength(node, b)];
  const step = b.numbers(x(1))?.[0];
  if (count === undefined || length === undefined || step === undefined) {
    throw c.refuse(
      'the number and the length of its frames are known only while the model runs',
      'Fix the length of the signal with `sizes`, or export the model with a fixed length.',
    );
  }
  // For a complex signal, ONNX Runtime 1.30 reads the elements of a real window in pairs, beyond the end of the window.
  if (inputOf(node, 2) !== '' && b.shape(x(0)).at(-1) === 2)
    throw c.refuse('no gradient for a window over a complex signal');
  const places = Array.from(
    { length: count * length },
    (_, k) => Math.floor(k / length) * step + (k % length),
  );
  const frames = b.emit('Gather', [x(0), b.literal(DataType.INT64, [count, length], places)], { axis: 1 });
  const weighed = inputOf(node, 2) === '' ? frames : b.mul(frames, b.unsqueeze(x(2), [1]));
  return dft(b, weighed, 2, false, int(node, 'onesided', 1) === 1);
}

/** Fourier transforms. */
export const fourier: Operators = {
  DFT: {
    infer: transformed,
    differentiable: [0],
    zeroDerivative: { 1: 'a length', 2: 'an axis' },
    gradient: dftBack,
  },
  STFT: {
    infer: framed,
    differentiable: [0, 2],
    zeroDerivative: { 1: 'a step', 3: 'a length' },
    // A window is trained only if `trainable` names it.
    storedAs: (input) => (input === 2 ? 'constant' : 'weight'),
    gradient: (c) => byDecomposition(c, (b) => [stft(c, b)]),
  },
};
