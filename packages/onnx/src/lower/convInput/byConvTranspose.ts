import { attributesOf, convFormOf, spatialAxes } from '../../graph/convForm.ts';
import { extent } from '../../graph/window.ts';
import { always, type Row } from '../row.ts';

/** A transposed convolution, padded to the input's size. */
export const byConvTranspose: Row = {
  operator: 'clr:ConvInputGrad',
  form: 'by transposed convolution',
  where: 'everywhere',
  because: 'the fallback: works for every node and on every target',
  applies: always,
  write: (node, b) => {
    const [x, w, g] = node.input as [string, string, string];
    const form = convFormOf(node);
    const { window, pads, axes } = form;
    const { kernel, strides, dilations } = window;
    const sizes = b.shape(x).slice(2);
    const outputs = b.shape(g).slice(2);
    const spare = sizes.map((size, i) => {
      const [stride, count] = [strides[i] as number, outputs[i]];
      if (typeof size !== 'number' || typeof count !== 'number') return undefined;
      const reach = (count - 1) * stride + extent(kernel[i] as number, dilations[i] as number);
      return size + (pads[i] as number) + (pads[i + axes] as number) - reach;
    });
    const fits = spare.every(
      (extra, i) => extra !== undefined && extra >= 0 && extra < (strides[i] as number),
    );
    const attributes = attributesOf(form);
    if (fits) return [b.emit('ConvTranspose', [g, w], { ...attributes, output_padding: spare as number[] })];
    // If sizes are known only at run time, this emits the unpadded result, then crops or pads it to the input's size.
    const whole = b.emit('ConvTranspose', [g, w], { ...attributes, pads: undefined });
    const before = b.ints(pads.slice(0, axes).map((pad) => -pad));
    const room = b.sub(b.emit('Shape', [x], { start: 2 }), b.emit('Shape', [whole], { start: 2 }));
    const after = b.add(room, b.ints(pads.slice(0, axes)));
    return [b.emit('Pad', [whole, b.concat([before, after], 0), '', b.ints(spatialAxes(axes))])];
  },
};
