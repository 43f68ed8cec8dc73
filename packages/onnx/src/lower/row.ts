import type { NodeProto } from '../generated/onnx_pb.ts';
import type { Graph } from '../graph/graph.ts';
import type { Ops } from '../graph/ops.ts';
import type { Target, Where } from './target.ts';

/**
 * A form is one way to write a node as ONNX operators. Most forms of a node give the same results up to rounding, and
 * differ in speed. Some avoid a kernel that gives wrong results.
 */
export interface Row<Found = unknown> {
  /** The operator that it replaces: `Conv`, `clr:ReluGrad`. */
  readonly operator: string;
  /** The form's name, unique among the operator's forms. */
  readonly form: string;
  readonly where: Where;
  /** Returns what the form needs to know about a node that it can write. The result is `undefined` for other nodes. */
  applies(node: NodeProto, graph: Graph, target: Target): Found | undefined;
  /**
   * The rule of thumb: whether this form is expected to be faster than the forms after it in the table. Default:
   * always.
   */
  prefers?(found: Found, node: NodeProto, graph: Graph, target: Target): boolean;
  /**
   * Whether the form takes part in measurements. Default: always. Forms that need far more memory than others do not.
   */
  races?(found: Found): boolean;
  /**
   * Emits the form.
   *
   * @returns the values that replace the node's outputs, or nothing if the emitted values already have the outputs'
   * names
   */
  write(node: NodeProto, ops: Ops, found: Found): readonly string[] | undefined;
  /** The reason for the form: the measured gain over the forms after it in the table, or why the form is needed. */
  readonly because: string;
}

/** The `applies` of forms that can write every node of their operator. */
export const always = (): true => true;
