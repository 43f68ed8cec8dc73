import { int } from '../../format/attributes.ts';
import { copyNode } from '../../format/copyNode.ts';
import type { NodeProto } from '../../generated/onnx_pb.ts';
import type { Graph } from '../../graph/graph.ts';
import { inputOf } from '../../graph/infer.ts';
import type { Ops } from '../../graph/ops.ts';
import { always, type Row } from '../row.ts';

const largestFloat = 3.4028234663852886e38;

/** Emits a copy of the node under a new name. */
function inner(node: NodeProto, b: Ops): string {
  const name = b.uniqueName(node.opType);
  const { type, dims } = b.type(node.output[0] as string);
  b.append(copyNode(node, { name, output: [name] }));
  return b.declare(name, type, dims);
}

/**
 * log Σ exp x with the maximum subtracted first. ONNX Runtime's WebGPU kernel does not subtract it, so exp x overflows
 * float32 if x is 89 or more.
 */
function logSumExp(node: NodeProto, b: Ops): void {
  const [x, ...axes] = node.input as [string, ...string[]];
  const reduce = (op: string, value: string, keepdims: number): string =>
    b.emit(op, [value, ...axes], { keepdims, noop_with_empty_axes: int(node, 'noop_with_empty_axes', 0) });
  const kept = int(node, 'keepdims', 1);
  // Subtracting an infinite maximum would give NaN.
  const finite = (value: string): string =>
    b.emit('Clip', [value, b.scalar(-largestFloat, x), b.scalar(largestFloat, x)]);
  const largest = finite(reduce('ReduceMax', x, 1));
  const sum = reduce('ReduceSum', b.exp(b.sub(x, largest)), kept);
  const back = kept === 1 ? largest : finite(reduce('ReduceMax', x, 0));
  b.emitAs('Add', [b.log(sum), back], {}, node.output[0] as string);
}

/**
 * Divides a Softmax by its sum. The sum is 1, so the division changes nothing, except in a row with a NaN. For such a
 * row the kernel gives 0, and 0/0 is NaN.
 */
function softmax(node: NodeProto, b: Ops): void {
  const y = inner(node, b);
  const sum = b.emit('ReduceSum', [y, b.ints([int(node, 'axis', -1)])], { keepdims: 1 });
  b.emitAs('Div', [y, sum], {}, node.output[0] as string);
}

/**
 * Some shaders give finite results for NaN and for negative numbers. These results are replaced by √x, which is NaN.
 */
function notBelowZero(node: NodeProto, b: Ops): void {
  const x = inputOf(node, 0);
  const y = inner(node, b);
  const legal = b.emit('GreaterOrEqual', [x, b.scalar(0, x)]);
  b.emitAs('Where', [legal, y, b.sqrt(x)], {}, node.output[0] as string);
}

/** Whether a power has a single constant exponent that is not an integer. */
function isRoot(node: NodeProto, b: Graph): boolean {
  const exponent = b.numbers(inputOf(node, 1));
  return exponent?.length === 1 && !Number.isInteger(exponent[0]);
}

const safe = (operator: string, because: string, write: (node: NodeProto, b: Ops) => void): Row => ({
  operator,
  form: 'safe',
  where: 'webgpu',
  because,
  applies: always,
  write: (node, b) => {
    write(node, b);
    return undefined;
  },
});

/** Operators whose WebGPU kernels lose large numbers or NaN. */
export const safeMath: readonly Row[] = [
  safe('ReduceLogSumExp', 'the kernel does not subtract the maximum, so exp(89) gives ∞', logSumExp),
  safe('Softmax', 'the kernel gives 0 for a row with a NaN', softmax),
  safe('Log', 'the kernel gives log(−2) = log 2', notBelowZero),
  {
    ...safe('Pow', 'the kernel gives (−2)^0.5 = √2', notBelowZero),
    applies: (node, graph) => isRoot(node, graph) || undefined,
  },
];
