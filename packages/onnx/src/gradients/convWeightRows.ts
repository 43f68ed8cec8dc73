import type { Builder } from '../graph/builder.ts';
import { isStatic } from '../graph/value.ts';
import type { ConvForm } from './conv.ts';

/** The sizes of a convolution over two axes at stride 1. */
interface Sizes {
  readonly outputs: number;
  readonly inputs: number;
  /** Kernel rows and columns. */
  readonly rows: number;
  readonly columns: number;
  /** The output's height and width, and the padded input's height. */
  readonly height: number;
  readonly width: number;
  readonly tall: number;
}

/**
 * Estimated nanoseconds on one core, measured on convolutional nets of CIFAR and MNIST size: an element
 * copied takes about 1 (0.7 in the longer rows of the second form), a multiply-add of the product 0.033.
 */
function rowsAreCheaper(s: Sizes): boolean {
  const products = s.outputs * s.inputs * s.rows * s.columns * s.width * 0.033;
  const everyPosition = s.rows * s.columns * s.inputs * s.height * s.width + products * s.height;
  const eachAxis = 0.7 * (s.columns * s.inputs + s.rows * s.outputs) * s.tall * s.width + products * s.tall;
  return eachAxis < everyPosition;
}

function sizesOf(b: Builder, weight: string, input: string, grad: string, form: ConvForm): Sizes | undefined {
  const { kernel, strides, dilations } = form.window;
  const plain = form.axes === 2 && form.group === 1 && [...strides, ...dilations].every((step) => step === 1);
  const weightDims = b.dims(weight);
  const [, , ...from] = b.dims(input) ?? [];
  const [, , ...to] = b.dims(grad) ?? [];
  if (!plain || !isStatic(weightDims) || !isStatic(from) || !isStatic(to)) return undefined;
  return {
    outputs: weightDims[0] as number,
    inputs: weightDims[1] as number,
    rows: kernel[0] as number,
    columns: kernel[1] as number,
    height: to[0] as number,
    width: to[1] as number,
    tall: (from[0] as number) + (form.pads[0] as number) + (form.pads[2] as number),
  };
}

/**
 * The weight gradient where copying less is worth some more multiplication: the input is laid out once for
 * each kernel column, the output's gradient once for each kernel row (shifted down, zeros around), and one
 * product of the two has every kernel position in it. im2col would copy the input for each position.
 *
 * @param whole - the padded input
 * @returns `undefined` where the plain form is cheaper or this one does not apply
 */
export function convWeightByRows(
  b: Builder,
  weight: string,
  input: string,
  grad: string,
  whole: string,
  form: ConvForm,
): string | undefined {
  const s = sizesOf(b, weight, input, grad, form);
  if (!s || !rowsAreCheaper(s)) return undefined;
  const places = s.tall * s.width;
  const shifted = Array.from({ length: s.columns }, (_, j) => b.slice(whole, [j], [j + s.width], [3]));
  const columns = b.reshape(b.concat(shifted, 1), [0, s.columns * s.inputs, places]);
  const spare = s.tall - s.height;
  const lowered = Array.from({ length: s.rows }, (_, i) =>
    b.emit('Pad', [grad, b.ints([0, 0, i, 0, 0, 0, spare - i, 0])]),
  );
  const rows = b.reshape(b.concat(lowered, 1), [0, s.rows * s.outputs, places]);
  const product = b.reduceSum(b.matmul(rows, b.transpose(columns, [0, 2, 1])), [0]);
  const stacked = b.reshape(product, [s.rows, s.outputs, s.columns, s.inputs]);
  return b.transpose(stacked, [1, 3, 0, 2]);
}
