import { DataType } from '../format/dataType.ts';
import { type Quantised, sameInAll } from '../format/quantised.ts';
import { makeTensor, sizeOf } from '../format/tensor.ts';
import type { Ops } from '../graph/ops.ts';
import { privateDomain } from '../graph/privateOperators.ts';

/** One number for each group of a weight, in a shape that broadcasts to the weight. */
function spread(b: Ops, { name, dims, axis, group }: Quantised, values: Float32Array): string {
  const add = (dims: readonly number[], data: Float32Array): string => {
    const made = b.uniqueName(name);
    b.addInitializer(makeTensor(made, DataType.FLOAT, dims, data));
    return made;
  };
  if (sameInAll(values)) return add([], values.slice(0, 1));
  if (axis !== undefined)
    return add(
      dims.map((size, i) => (i === axis ? size : 1)),
      values,
    );
  const each = Float32Array.from({ length: sizeOf(dims) }, (_, i) => values[group(i)] as number);
  return add(dims, each);
}

/**
 * A master weight, rounded as in the export: (clip(round(w / scale) + zero) − zero) · scale, ties to even. The gradient
 * passes straight through, except where clipping changed the integer: there it is 0, as in PyTorch's fake_quantize.
 */
export function roundedMaster(b: Ops, record: Quantised): string {
  const { name, scale, zero, range } = record;
  return b.memo(`rounded master ${name}`, () => {
    const inputs = [
      name,
      spread(b, record, scale),
      zero.some((at) => at !== 0) ? spread(b, record, zero) : '',
    ];
    const [least, most] = range;
    return b.emit(`${privateDomain}:RoundedWeight`, inputs, { least, most });
  });
}
