import { create } from '@bufbuild/protobuf';
import { attribute, int } from '../src/format/attributes.ts';
import { DataType } from '../src/format/dataType.ts';
import { readModel, writeModel } from '../src/format/model.ts';
import { makeTensor } from '../src/format/tensor.ts';
import { type NodeProto, NodeProtoSchema } from '../src/generated/onnx_pb.ts';
import { declaredType } from '../src/graph/value.ts';
import { blockedDomain } from '../src/lower/blocks.ts';
import { makeNode } from './makeModel.ts';

/** A model without ONNX Runtime's NCHWc operators, and the number of convolutions that were in that layout. */
export interface Plain {
  readonly bytes: Uint8Array;
  readonly blocked: number;
}

/**
 * Rewrites ONNX Runtime's NCHWc operators (`com.microsoft.nchwc`) as standard operators, so that a graph for blocks of
 * 8 or 16 runs on every processor.
 *
 * ReorderInput converts [N, C, H, W] to [N, ⌈C/block⌉, H, W, block] and pads the last block with zeros. A kernel is
 * [M/block, C/block, kH, kW, block of C, block of M]; a depthwise kernel has no C. Both keep a shape of four axes, in
 * which blocks count as channels. If there are fewer channels than a block has, the input keeps its plain layout.
 */
export function plainBlocks(bytes: Uint8Array, block: number): Plain {
  const { proto, graph } = readModel(bytes);
  let blocked = 0;
  let count = 0;
  const nodes: NodeProto[] = [];
  const emit = (op: string, inputs: string[], attributes: Record<string, number | number[]> = {}): string => {
    const output = `plain_${++count}`;
    nodes.push(makeNode({ op, inputs, outputs: [output], attributes }));
    return output;
  };
  const ints = (values: readonly number[]): string => {
    const name = `plain_${++count}`;
    graph.initializer.push(makeTensor(name, DataType.INT64, [values.length], values));
    return name;
  };
  const size = (value: string, axis: number): string =>
    emit('Shape', [value], { start: axis, end: axis + 1 });
  const reshape = (value: string, ...shape: (number | string)[]): string =>
    emit('Reshape', [
      value,
      emit(
        'Concat',
        shape.map((part) => (typeof part === 'number' ? ints([part]) : part)),
        { axis: 0 },
      ),
    ]);
  const transpose = (value: string, perm: number[]): string => emit('Transpose', [value], { perm });

  const toBlocks = (value: string): string => {
    const missing = emit('Mod', [emit('Neg', [size(value, 1)]), ints([block])]);
    const zeros = ints([0]);
    const pads = emit('Concat', [zeros, zeros, zeros, zeros, zeros, missing, zeros, zeros], { axis: 0 });
    const filled = emit('Pad', [value, pads]);
    const sizes = [size(filled, 0), size(filled, 2), size(filled, 3)] as const;
    const apart = reshape(filled, sizes[0], -1, block, sizes[1], sizes[2]);
    return reshape(transpose(apart, [0, 1, 3, 4, 2]), sizes[0], size(filled, 1), sizes[1], sizes[2]);
  };
  const fromBlocks = (value: string): string => {
    const sizes = [size(value, 0), size(value, 2), size(value, 3)] as const;
    const apart = reshape(value, sizes[0], -1, sizes[1], sizes[2], block);
    return reshape(transpose(apart, [0, 1, 4, 2, 3]), sizes[0], size(value, 1), sizes[1], sizes[2]);
  };
  /**
   * Whether a kernel has fewer input channels than a block has. Such channels keep the plain layout, also in the
   * kernel.
   */
  const few = (kernel: string): boolean => {
    const declared = graph.valueInfo.find(({ name }) => name === kernel);
    const channels = declared && declaredType(declared).dims?.[1];
    return typeof channels === 'number' && channels < block;
  };
  const kernelFromBlocks = (value: string, separate: boolean): string => {
    const sizes = [0, 1, 2, 3].map((axis) => size(value, axis)) as [string, string, string, string];
    const [first, second, height, width] = sizes;
    if (separate) {
      const apart = reshape(value, -1, height, width, block);
      return reshape(transpose(apart, [0, 3, 1, 2]), first, 1, height, width);
    }
    if (few(value)) {
      const apart = reshape(value, -1, second, height, width, block);
      return reshape(transpose(apart, [0, 4, 1, 2, 3]), first, second, height, width);
    }
    const outer = emit('Div', [second, ints([block])]);
    const apart = reshape(value, -1, outer, height, width, block, block);
    return reshape(transpose(apart, [0, 5, 1, 4, 2, 3]), first, second, height, width);
  };

  for (const node of graph.node) {
    const [x = '', w = '', ...rest] = node.input;
    if (node.domain !== blockedDomain) {
      nodes.push(node);
    } else if (node.opType === 'ReorderInput') {
      nodes.push(makeNode({ op: 'Identity', inputs: [toBlocks(x)], outputs: node.output }));
    } else if (node.opType === 'ReorderOutput') {
      const channels = ints([int(node, 'channels', 0)]);
      const inputs = [fromBlocks(x), ints([0]), channels, ints([1])];
      nodes.push(makeNode({ op: 'Slice', inputs, outputs: node.output }));
    } else {
      blocked += 1;
      const separate = (attribute(node, 'group')?.i ?? 1n) > 1n;
      const data = !separate && few(w) ? x : fromBlocks(x);
      const input = [data, kernelFromBlocks(w, separate), ...rest];
      const output = [`plain_${++count}`];
      nodes.push(create(NodeProtoSchema, { ...node, domain: '', input, output }));
      nodes.push(makeNode({ op: 'Identity', inputs: [toBlocks(output[0] as string)], outputs: node.output }));
    }
  }
  graph.node = nodes;
  proto.opsetImport = proto.opsetImport.filter(({ domain }) => domain !== blockedDomain);
  return { bytes: writeModel(proto), blocked };
}
