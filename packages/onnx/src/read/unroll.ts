import { subgraph, tensor } from '../format/attributes.ts';
import { nodeName } from '../format/describeNode.ts';
import { numbersOf } from '../format/tensor.ts';
import type { GraphProto, NodeProto, TensorProto } from '../generated/onnx_pb.ts';
import type { Dim } from '../graph/dim.ts';
import type { Ops } from '../graph/ops.ts';
import { writeOut } from '../graph/writeOut.ts';
import { identity } from './inline.ts';

/** A number that is known before the run. */
function known(b: Ops, name: string): Dim | undefined {
  return b.constant(name)?.values[0] ?? b.value(name)?.[0];
}

/** Whether a loop's condition stays true, because it is a true constant or the incoming condition. */
function staysTrue(body: GraphProto, b: Ops): boolean {
  const handed = body.input[1]?.name;
  let name = body.output[0]?.name ?? '';
  for (const node of [...body.node].reverse()) {
    if (!node.output.includes(name)) continue;
    if (node.opType === 'Constant') return isTrue(tensor(node, 'value'));
    if (node.opType !== 'Identity' && node.opType !== 'Cast') return false;
    name = node.input[0] ?? '';
  }
  const stored = body.initializer.find((item) => item.name === name);
  return name === handed || isTrue(stored) || known(b, name) === 1;
}

const isTrue = (stored: TensorProto | undefined): boolean =>
  stored !== undefined && numbersOf(stored)?.[0] === 1;

/** A model unrolled to more iterations would be too large to be useful. */
export const maxRounds = 4096;

/** The number of iterations of a Loop, if it is known before the run. */
export function roundsOf(node: NodeProto, b: Ops): number | undefined {
  if (node.opType !== 'Loop' || node.domain !== '') return undefined;
  const body = subgraph(node, 'body');
  const [limit = '', condition = ''] = node.input;
  const rounds = known(b, limit);
  const starts = condition === '' || known(b, condition) === 1;
  if (!body || typeof rounds !== 'number' || !(rounds > 0 && rounds <= maxRounds) || !starts)
    return undefined;
  return staysTrue(body, b) ? rounds : undefined;
}

/**
 * Unrolls a loop.
 *
 * @param append - appends a node to the graph
 */
export function unrollLoop(node: NodeProto, rounds: number, b: Ops, append: (node: NodeProto) => void): void {
  const body = subgraph(node, 'body') as GraphProto;
  const count = node.input.length - 2;
  const going = b.yes();
  let carried: readonly string[] = node.input.slice(2);
  const collected: string[][] = body.output.slice(1 + count).map(() => []);
  for (let round = 0; round < rounds; round++) {
    const { nodes, outputs } = writeOut(
      body,
      [b.int(round), going, ...carried],
      b,
      `${nodeName(node)}/${round}`,
    );
    nodes.forEach(append);
    carried = outputs.slice(1, 1 + count);
    collected.forEach((list, i) => {
      list.push(outputs[1 + count + i] as string);
    });
  }
  node.output.forEach((name, i) => {
    if (name === '') return;
    if (i < count) append(identity(carried[i] as string, name));
    else
      b.emitAs(
        'Concat',
        (collected[i - count] ?? []).map((part) => b.unsqueeze(part, [0])),
        { axis: 0 },
        name,
      );
  });
}
