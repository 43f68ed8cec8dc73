import type { NodeProto } from '../generated/onnx_pb.ts';
import type { Graph } from '../graph/graph.ts';
import type { Row } from './row.ts';

/** A form for a node, and what it found out about the node. */
export interface Match {
  readonly row: Row;
  readonly found: unknown;
  /** Whether it is the faster one by rule of thumb. */
  readonly preferred: boolean;
}

/** Which of the forms that can write a node does; `undefined` where the node stays as it is. */
export type Choose = (node: NodeProto, forms: readonly Match[], graph: Graph) => Match | undefined;

/** The first form that is expected to be faster than those below it. */
export const byRuleOfThumb: Choose = (_node, forms) => forms.find(({ preferred }) => preferred);
