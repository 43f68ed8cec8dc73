import { int } from '../format/attributes.ts';
import { DataType } from '../format/dataType.ts';
import { dequantise, type Quantised, quantise } from '../format/quantised.ts';
import { dimsOf, floatData, sizeOf } from '../format/tensor.ts';
import type { NodeProto, TensorProto } from '../generated/onnx_pb.ts';
import { operatorKey } from '../graph/graph.ts';

/** The layout of a MatMulNBits weight: [N, blocks, block·bits / 8] bytes, lowest bits first. */
interface Layout {
  readonly k: number;
  readonly n: number;
  readonly bits: number;
  readonly block: number;
}

/** Unpacks low-bit integers. There are `rows` rows of `length` integers, and each row starts at a byte boundary. */
function unpacked(bytes: Uint8Array, rows: number, length: number, bits: number): Uint8Array {
  const stride = Math.ceil((length * bits) / 8);
  const each = 8 / bits;
  const values = new Uint8Array(rows * length);
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < length; i++) {
      const byte = bytes[row * stride + Math.floor(i / each)] as number;
      values[row * length + i] = (byte >> (bits * (i % each))) & (2 ** bits - 1);
    }
  }
  return values;
}

/** The zero point of each block. Default: the middle of the range. */
function zerosOf(
  tensor: TensorProto | undefined,
  { n, bits }: Layout,
  blocks: number,
): Float32Array | undefined {
  if (!tensor) return new Float32Array(n * blocks).fill(2 ** (bits - 1));
  if (tensor.dataType === DataType.FLOAT) return floatData(tensor);
  if (tensor.dataType !== DataType.UINT8 || tensor.rawData.length === 0) return undefined;
  return Float32Array.from(unpacked(tensor.rawData, n, blocks, bits));
}

/**
 * The weight [K, N] stored in the packed integers of a `MatMulNBits`.
 *
 * @returns `undefined` if the node does not read the integers as the weight of a `MatMulNBits`, or if the layout is not
 * supported
 */
export function packedBits(
  { node, input }: { readonly node: NodeProto; readonly input: number },
  tensor: TensorProto,
  stored: (name: string) => TensorProto | undefined,
): Quantised | undefined {
  if (operatorKey(node) !== 'com.microsoft:MatMulNBits' || input !== 1) return undefined;
  const layout: Layout = {
    k: int(node, 'K', 0),
    n: int(node, 'N', 0),
    bits: int(node, 'bits', 4),
    block: int(node, 'block_size', 0),
  };
  const { k, n, bits, block } = layout;
  const [, , scales = '', zeros = '', order = ''] = node.input;
  const found = stored(scales);
  if (order !== '' || ![2, 4, 8].includes(bits) || k < 1 || n < 1 || block < 1) return undefined;
  if (found?.dataType !== DataType.FLOAT || (zeros !== '' && !stored(zeros))) return undefined;
  const blocks = Math.ceil(k / block);
  const width = blocks * block;
  const bytes = (n * width * bits) / 8;
  const scale = floatData(found);
  const zero = zerosOf(stored(zeros), layout, blocks);
  if (scale.length !== n * blocks || zero?.length !== n * blocks) return undefined;
  if (tensor.rawData.length !== bytes || sizeOf(dimsOf(tensor)) !== bytes) return undefined;
  // The block of element i of the [K, N] weight. The integers of a column are stored next to each other.
  const group = (i: number): number => (i % n) * blocks + Math.floor(Math.floor(i / n) / block);
  const known = { scale, zero, group, range: [0, 2 ** bits - 1] as const };
  return {
    ...known,
    name: tensor.name,
    dims: [k, n],
    type: tensor.dataType,
    bytes,
    decode: () => {
      const all = unpacked(tensor.rawData, n, width, bits);
      const integers = new Uint8Array(k * n);
      for (let i = 0; i < k * n; i++) integers[i] = all[(i % n) * width + Math.floor(i / n)] as number;
      return dequantise(known, integers, k * n);
    },
    encode: (values) => {
      const packed = new Uint8Array(tensor.rawData);
      const integers = quantise(known, values);
      for (let i = 0; i < k * n; i++) {
        const at = (i % n) * width + Math.floor(i / n);
        const shift = bits * (at % (8 / bits));
        const place = Math.floor((at * bits) / 8);
        const others = (packed[place] as number) & ~((2 ** bits - 1) << shift);
        packed[place] = others | ((integers[i] as number) << shift);
      }
      return packed;
    },
  };
}
