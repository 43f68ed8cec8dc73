import type { NodeProto } from '../generated/onnx_pb.ts';
import type { Graph } from '../graph/graph.ts';
import type { Ops } from '../graph/ops.ts';
import type { Target, Where } from './target.ts';

/** A form in which a node can be written, and what it needs to know of the node. */
export interface Row<Found = unknown> {
  /** The operator that it writes: `Conv`, `clr:ReluGrad`. */
  readonly operator: string;
  /** Tells it from the operator's other forms. */
  readonly form: string;
  readonly where: Where;
  /** What the form needs to know of a node that it can write; `undefined` for other nodes. */
  applies(node: NodeProto, graph: Graph, target: Target): Found | undefined;
  /** Whether the form is to be expected faster than those below it, where nobody measures. Absent: always. */
  prefers?(found: Found, node: NodeProto, graph: Graph, target: Target): boolean;
  /** Whether it takes part where forms are measured. Absent: always. One that needs far more memory than others does not. */
  races?(found: Found): boolean;
  /**
   * Emits the form.
   *
   * @returns the values that take the place of the node's outputs; nothing if they have the outputs' own names
   */
  write(node: NodeProto, ops: Ops, found: Found): readonly string[] | undefined;
  /** What the form is worth against those below it, and where that was measured; for a form that has to be, why. */
  readonly because: string;
}

/** For forms that write every node of their operator. */
export const always = (): true => true;
