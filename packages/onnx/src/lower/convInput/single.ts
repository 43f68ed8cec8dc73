import type { NodeProto } from '../../generated/onnx_pb.ts';
import { type ConvForm, convFormOf } from '../../graph/convForm.ts';
import { extent } from '../../graph/window.ts';

/** A convolution at stride 1 whose input gradient is a single convolution. */
export interface Single {
  readonly form: ConvForm;
  /** The padding of the convolution that computes the input gradient. */
  readonly back: readonly number[];
}

/**
 * The single convolution of the output's gradient that computes the input gradient. It is `undefined` if there is
 * none.
 */
export function singleOf(node: NodeProto): Single | undefined {
  const form = convFormOf(node);
  const { kernel, strides, dilations } = form.window;
  const back = form.pads.map(
    (pad, i) => extent(kernel[i % form.axes] as number, dilations[i % form.axes] as number) - 1 - pad,
  );
  return strides.every((stride) => stride === 1) && back.every((pad) => pad >= 0)
    ? { form, back }
    : undefined;
}
