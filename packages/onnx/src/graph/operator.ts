import type { NodeProto } from '../generated/onnx_pb.ts';
import type { Graph } from './graph.ts';
import type { Ops } from './ops.ts';
import type { RandomNumbers } from './randomNumbers.ts';
import type { ValueType } from './value.ts';

/** Infers the type and shape of an operator's outputs. */
export type Infer = (node: NodeProto, b: Graph) => readonly ValueType[];

/** The context of a gradient: the node, the gradients of its outputs, and the graph under construction. */
export interface GradientContext {
  readonly b: Ops;
  readonly node: NodeProto;
  /** The name of input `i`. Throws if the node omits it. */
  x(i: number): string;
  /** The name of output `i`. */
  y(i: number): string;
  /** The gradient of the loss with respect to output `i`. It is all zeros if the loss does not use the output. */
  g(i: number): string;
  /** Whether the loss uses output `i`. */
  used(i: number): boolean;
  /** Whether the gradient of input `i` is needed. */
  needs(i: number): boolean;
  /** An error that explains why a node with these attributes and inputs has no gradient. */
  refuse(why: string, advice?: string): Error;
}

/**
 * Returns the gradients of the loss with respect to the node's inputs, in order, as values of the graph. An input
 * that needs no gradient gets `undefined`. `null` means that the derivative is 0. Each gradient has the shape of its
 * input.
 */
export type Gradient = (context: GradientContext) => readonly (string | null | undefined)[];

/**
 * The role of an initializer at an input. A `weight` is trained by default. A `constant` of a formula is trained only
 * if `trainable` names it. A running `statistic` is never trained.
 */
export type StoredAs = 'weight' | 'constant' | 'statistic';

/** The derivative of an operator, for each input and output. */
type Derivative =
  /** The derivative is unknown. A model with such a node between a trained parameter and the loss is refused. */
  | { readonly gradient?: undefined }
  /** The derivative is 0 wherever it exists, for every input (Floor, Shape, ArgMax). */
  | { readonly gradient: 'none' }
  | {
      /**
       * Computes the gradients. It must call `g(i)` for every output that the loss uses, and return a gradient for
       * every input in `differentiable` that needs one. Otherwise the model is refused.
       */
      readonly gradient: Gradient;
      /** The inputs into which a gradient flows. */
      readonly differentiable: readonly number[] | 'all';
      /** The inputs whose derivative is 0 wherever it exists. Each text says what the input is: `{ 1: 'a shape' }`. */
      readonly zeroDerivative?: Readonly<Record<number, string>>;
      /** The role of an initializer at a differentiable input. Default: a weight. */
      readonly storedAs?: (input: number, dims: readonly number[]) => StoredAs;
    };

/**
 * Describes one ONNX operator. If an input is in neither `differentiable` nor `zeroDerivative`, its derivative is
 * unknown, and a model in which a trained value reaches it is refused.
 */
export type Operator = Derivative & {
  readonly infer?: Infer;
  /** Replaces attributes such as `auto_pad` by explicit ones before the node is appended. May emit further nodes. */
  readonly settle?: (node: NodeProto, b: Ops) => void;
  /**
   * Lists the running statistics. For each, it gives the input that holds the statistic, and the output with its new
   * value in training mode.
   */
  readonly state?: (node: NodeProto) => readonly { readonly input: number; readonly output: number }[];
  /** Rewrites a node of the training model if the runtime's kernel is not reproducible. May emit further nodes. */
  readonly toTraining?: (node: NodeProto, b: Ops, draws: RandomNumbers) => void;
  /** Switches a node from training mode to inference mode. May emit further nodes. */
  readonly toInference?: (node: NodeProto, b: Ops, draws: RandomNumbers) => void;
};

/** Operators by type. A type of another domain is written `domain:type`. */
export type Operators = Readonly<Record<string, Operator>>;
