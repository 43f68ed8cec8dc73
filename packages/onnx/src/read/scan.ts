import { int, ints, subgraph } from '../format/attributes.ts';
import { nodeName } from '../format/describeNode.ts';
import type { GraphProto, NodeProto } from '../generated/onnx_pb.ts';
import { axisOf } from '../graph/infer.ts';
import type { Ops } from '../graph/ops.ts';
import { writeOut } from '../graph/writeOut.ts';
import { identity } from './inline.ts';
import { maxRounds } from './unroll.ts';

/**
 * The number of iterations of a Scan, if it is known before the run. Before opset 9, Scan had a batch axis, so it is
 * not unrolled.
 */
export function scanRounds(node: NodeProto, b: Ops, opset: number): number | undefined {
  const body = subgraph(node, 'body');
  if (node.opType !== 'Scan' || node.domain !== '' || opset < 9 || !body) return undefined;
  const first = node.input.length - int(node, 'num_scan_inputs', 0);
  const dims = b.dims(node.input[first] ?? '');
  const rounds = dims?.[axisOf(ints(node, 'scan_input_axes')?.[0] ?? 0, dims.length)];
  const known = node.input.slice(first).every((name) => b.dims(name) !== undefined);
  return known && typeof rounds === 'number' && rounds > 0 && rounds <= maxRounds ? rounds : undefined;
}

/** The slices of a value along an axis, in the order in which a Scan reads them. */
function slices(b: Ops, value: string, axis: number, count: number, backwards: boolean): string[] {
  const parts = count === 1 ? [value] : b.emitAll('Split', [value], { axis, num_outputs: count }, count);
  const rows = parts.map((part) => b.squeeze(part, [axis]));
  return backwards ? rows.reverse() : rows;
}

/**
 * Unrolls a Scan.
 *
 * @param append - appends a node to the graph
 */
export function unrollScan(node: NodeProto, rounds: number, b: Ops, append: (node: NodeProto) => void): void {
  const body = subgraph(node, 'body') as GraphProto;
  const states = node.input.length - int(node, 'num_scan_inputs', 0);
  const list = (name: string): number[] => ints(node, name) ?? [];
  const taken = node.input.slice(states).map((value, i) => {
    const axis = axisOf(list('scan_input_axes')[i] ?? 0, b.rank(value));
    return slices(b, value, axis, rounds, list('scan_input_directions')[i] === 1);
  });
  let carried: readonly string[] = node.input.slice(0, states);
  const given: string[][] = node.output.slice(states).map(() => []);
  for (let round = 0; round < rounds; round++) {
    const inputs = [...carried, ...taken.map((rows) => rows[round] as string)];
    const { nodes, outputs } = writeOut(body, inputs, b, `${nodeName(node)}/${round}`);
    nodes.forEach(append);
    carried = outputs.slice(0, states);
    given.forEach((rows, i) => {
      rows.push(outputs[states + i] as string);
    });
  }
  node.output.forEach((name, i) => {
    if (name === '') return;
    if (i < states) {
      append(identity(carried[i] as string, name));
      return;
    }
    const at = i - states;
    const axis = list('scan_output_axes')[at] ?? 0;
    const rows = (given[at] as string[]).map((row) => b.unsqueeze(row, [axis]));
    if (list('scan_output_directions')[at] === 1) rows.reverse();
    b.emitAs('Concat', rows, { axis }, name);
  });
}
