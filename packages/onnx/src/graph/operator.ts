import type { NodeProto } from '../generated/onnx_pb.ts';
import type { Draws } from './draws.ts';
import type { Graph } from './graph.ts';
import type { Ops } from './ops.ts';
import type { ValueType } from './value.ts';

/** Says what an operator's outputs are: one {@link ValueType} for each. */
export type Infer = (node: NodeProto, b: Graph) => readonly ValueType[];

/** The context of a gradient: the node, the gradients of its outputs, and the graph under construction. */
export interface GradientContext {
  readonly b: Ops;
  readonly node: NodeProto;
  /** The name of input `i`; throws when the node leaves it out. */
  x(i: number): string;
  /** The name of output `i`. */
  y(i: number): string;
  /** The gradient of the loss with respect to output `i`; zeros when the loss does not use it. */
  g(i: number): string;
  /** Whether the loss uses output `i`. */
  used(i: number): boolean;
  /** Whether a gradient of input `i` is wanted. */
  needs(i: number): boolean;
  /** An error that says why this node has no gradient in this form. */
  refuse(why: string, advice?: string): Error;
}

/**
 * The gradients of the loss with respect to the node's inputs, in order, as values of the graph;
 * `undefined` for an input that needs none, `null` where the derivative is 0. Each has the shape of its input.
 */
export type Gradient = (context: GradientContext) => readonly (string | null | undefined)[];

/**
 * The role of an initializer at an input: a `weight` is trained by default, a `constant` of a formula only if
 * `trainable` names it, a running `statistic` never.
 */
export type StoredAs = 'weight' | 'constant' | 'statistic';

/** The derivative of an operator, for each input and output. */
type Derivative =
  /** Unknown: a node between a trained parameter and the loss is refused. */
  | { readonly gradient?: undefined }
  /** 0 wherever it exists, for every input (Floor, Shape, ArgMax): nothing flows back. */
  | { readonly gradient: 'none' }
  | {
      /**
       * Must ask for the gradient of every output that the loss uses (`g(i)`), and give one for every input of
       * `differentiable` that needs one. Whatever it leaves out is refused, never dropped.
       */
      readonly gradient: Gradient;
      /** The inputs a gradient flows into. */
      readonly differentiable: readonly number[] | 'all';
      /** The inputs whose derivative is 0 wherever it exists, each with a word for it: `{ 1: 'a shape' }`. */
      readonly zeroDerivative?: Readonly<Record<number, string>>;
      /** The role of an initializer at a differentiable input. Default: a weight. */
      readonly storedAs?: (input: number, dims: readonly number[]) => StoredAs;
    };

/**
 * What this package knows about one ONNX operator. The derivative of an input that is in neither `differentiable` nor
 * `zeroDerivative` is unknown: a model in which a trained value reaches such an input is refused.
 */
export type Operator = Derivative & {
  readonly infer?: Infer;
  /** Replaces automatic attributes by explicit ones before the node is appended. May emit further nodes. */
  readonly settle?: (node: NodeProto, b: Ops) => void;
  /** Inputs that a node in training form replaces by one of its outputs: running statistics. */
  readonly state?: (node: NodeProto) => readonly { readonly input: number; readonly output: number }[];
  /** Rewrites a node of the training model if the runtime's own kernel is not deterministic. May emit further nodes. */
  readonly toTraining?: (node: NodeProto, b: Ops, draws: Draws) => void;
  /** Turns a node in training form into its inference form. May emit further nodes. */
  readonly toInference?: (node: NodeProto, b: Ops, draws: Draws) => void;
};

/** Operators by type; those of another domain as `domain:type`. */
export type Operators = Readonly<Record<string, Operator>>;
