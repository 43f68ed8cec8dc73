import type { NodeProto } from '../generated/onnx_pb.ts';
import type { Builder } from './builder.ts';
import type { Draws } from './draws.ts';
import type { GraphBuilder } from './graphBuilder.ts';
import type { ValueType } from './value.ts';

/** Says what an operator's outputs are: one {@link ValueType} for each. */
export type Infer = (node: NodeProto, b: GraphBuilder) => readonly ValueType[];

/** What a gradient works with: the node, its outputs' gradients, and the graph that grows. */
export interface GradientContext {
  readonly b: Builder;
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
 * `undefined` for an input that needs none. Each has the shape of its input.
 */
export type Gradient = (context: GradientContext) => readonly (string | undefined)[];

/** What this package knows about one ONNX operator. */
export interface Operator {
  readonly infer?: Infer;
  /** `'none'`: the derivative is 0 everywhere it exists (Floor, Shape, ArgMax), so nothing flows back. */
  readonly gradient?: Gradient | 'none';
  /** The inputs a gradient can flow into; all float inputs if absent. */
  readonly differentiable?: readonly number[];
  /** Differentiable inputs that hold a constant of a formula, not a weight: trained only when asked for by name. */
  readonly constants?: readonly number[];
  /** Inputs that a node in training form replaces by one of its outputs: running statistics. */
  readonly state?: (node: NodeProto) => readonly { readonly input: number; readonly output: number }[];
  /** Writes out a node in training form that the runtime would draw random numbers for; nodes it needs are emitted. */
  readonly toTraining?: (node: NodeProto, b: Builder, draws: Draws) => void;
  /** Turns a node in training form into its inference form. */
  readonly toInference?: (node: NodeProto) => void;
}

/** Operators by type; those of another domain as `domain:type`. */
export type Operators = Readonly<Record<string, Operator>>;
