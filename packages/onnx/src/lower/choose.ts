import type { NodeProto } from '../generated/onnx_pb.ts';
import type { Graph } from '../graph/graph.ts';
import type { Row } from './row.ts';

/** A form for a node (see `row.ts`), and what its `applies` returned for the node. */
export interface Match {
  readonly row: Row;
  readonly found: unknown;
  /** Whether the form's `prefers` (the rule of thumb) expects it to be faster than the forms after it in the table. */
  readonly preferred: boolean;
}

/** Chooses one of the forms in which a node can be written. `undefined` leaves the node unchanged. */
export type Choose = (node: NodeProto, forms: readonly Match[], graph: Graph) => Match | undefined;

/** Chooses the first form that is expected to be faster than the forms after it in the table. */
export const byRuleOfThumb: Choose = (_node, forms) => forms.find(({ preferred }) => preferred);
