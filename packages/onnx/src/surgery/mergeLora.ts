import { fail } from '../errors.ts';
import { describeNode } from '../format/describeNode.ts';
import { dimsOf, sizeOf } from '../format/tensor.ts';
import type { NodeProto } from '../generated/onnx_pb.ts';
import { floatTensor } from '../layers/scalarNode.ts';
import { operandAt, weightOf } from './findHead.ts';
import { baseNode, type LoraLayer, noteLora, requireLora } from './loraLayers.ts';
import { floatValues, Opened } from './opened.ts';
import { prune } from './prune.ts';

/**
 * Adds the adapters of {@link addLora} to the weights: `W + alpha / rank · B·A`, computed in float64. The merged
 * model is as small and as fast as the model without adapters, and gives the same results as the model with adapters,
 * up to rounding.
 *
 * @param model - the content of an .onnx file with adapters, such as a result of `exportModel()`; it is not changed
 * @returns the content of the new file
 * @throws {ClrError} if the model has no adapters, or if they belong to an integer weight
 *
 * @example
 * ```ts
 * const model = addLora(bytes, { rank: 4, targets: ['7'] });
 * describeModel(mergeLora(model)).weights.some(({ name }) => isLora(name)); // false
 * ```
 */
export function mergeLora(model: Uint8Array): Uint8Array {
  const opened = new Opened(model);
  const { rank, alpha, layers } = requireLora(opened);
  for (const layer of layers) merge(opened, layer, rank, alpha / rank);
  noteLora(opened, undefined);
  prune(opened.graph);
  return opened.close();
}

function merge(opened: Opened, layer: LoraLayer, rank: number, scale: number): void {
  const node = baseNode(opened, layer);
  if (node.opType === 'MatMulNBits') throw storedAsIntegers(layer.module, node);
  const input = layer.kind === 'embedding' ? 0 : 1;
  const name = node.input[input] as string;
  const stored = plainWeight(opened, node, input, layer);
  const [a, b] = [layer.a, layer.b].map((each) => floatValues(opened, each)) as [Float64Array, Float64Array];
  const outFirst = layer.kind !== 'embedding' && weightOf(opened, node)?.axis === 0;
  const outputs = b.length / rank;
  const inputs = a.length / rank;
  // A is [rank, inputs · kernel] and B is [outputs, rank], for any kind of layer.
  const { values } = stored;
  for (let o = 0; o < outputs; o++) {
    for (let i = 0; i < inputs; i++) {
      let sum = 0;
      for (let r = 0; r < rank; r++) sum += (b[o * rank + r] as number) * (a[r * inputs + i] as number);
      const at = outFirst ? o * inputs + i : i * outputs + o;
      values[at] = (values[at] as number) + scale * sum;
    }
  }
  // If the stored weight is needed elsewhere or is transposed, this layer gets a copy.
  const shared = opened.readers(name).length > 1 || opened.isOutput(name) || !stored.own;
  const own = shared ? opened.free(`${layer.module}.merged`) : name;
  if (!shared) opened.forget(name);
  opened.store(floatTensor(own, stored.type, stored.dims, values));
  node.input[input] = own;
  const sum = opened.maker(layer.output) as NodeProto;
  node.output[0] = layer.output;
  opened.graph.node.splice(opened.graph.node.indexOf(sum), 1);
}

/** A weight that is stored as floats, in the layout that a node reads. */
function plainWeight(
  opened: Opened,
  node: NodeProto,
  input: number,
  { module }: LoraLayer,
): { type: number; dims: readonly number[]; values: Float64Array; own: boolean } {
  let name = node.input[input] as string;
  const outermost = name;
  let turned = false;
  for (let maker = opened.maker(name); maker && maker.opType !== 'Constant'; maker = opened.maker(name)) {
    if (maker.opType !== 'Identity' && maker.opType !== 'Transpose') {
      throw storedAsIntegers(module, maker);
    }
    turned = turned !== (maker.opType === 'Transpose');
    name = maker.input[0] ?? '';
  }
  const tensor = opened.stored(name);
  const dims = operandAt(opened, node, input)?.dims;
  if (!tensor || !dims)
    throw fail(
      `the weight of "${module}" in the file`,
      `no tensor "${name}"`,
      'Embed external data in the file.',
    );
  const values = floatValues(opened, name);
  if (!turned) return { type: tensor.dataType, dims: dimsOf(tensor), values, own: name === outermost };
  const [rows = 1, columns = 1] = dimsOf(tensor);
  const other = new Float64Array(sizeOf(dims));
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) other[c * rows + r] = values[r * columns + c] as number;
  return { type: tensor.dataType, dims: [columns, rows], values: other, own: false };
}

function storedAsIntegers(module: string, reader: NodeProto): Error {
  return fail(
    'adapters of weights that the file stores as floats',
    `"${module}", whose weight is computed by ${describeNode(reader)}`,
    'Keep the adapters separate: run the model unmerged, or save them with saveLora.',
  );
}
