import { checkOptionNames } from '@clr/core';
import { nodeName } from '../format/describeNode.ts';
import { findHead } from './findHead.ts';
import { Opened } from './opened.ts';

/** The last layer of a model that has weights. */
export interface HeadDescription {
  /** The name of the layer's node. */
  readonly node: string;
  /** The operator of the node, such as `Gemm`. */
  readonly operator: string;
  /** The name of its weight. */
  readonly weight: string;
  /** The name of its bias. Absent if it has none. */
  readonly bias?: string;
  /** The value that the layer reads, which the layers before it compute. {@link cutAt} can cut the model there. */
  readonly features: string;
  /** The number of inputs of one output. */
  readonly inputs: number;
  /** The number of outputs. */
  readonly classes: number;
  /** The model's output that this layer computes. */
  readonly output: string;
}

/** Options of {@link describeHead}. */
export interface HeadOptions {
  /** The output whose head is described. Default: the only float output. */
  readonly output?: string;
}

/**
 * Describes the layer that {@link replaceHead} replaces: the last layer with weights.
 *
 * @param model - the content of an .onnx file
 * @throws {ClrError} if it is not clear which layer that is; the message lists the layers
 *
 * @example
 * ```ts
 * const { weight, inputs, classes } = describeHead(bytes);
 * [weight, inputs, classes]; // ['11.weight', 84, 10]
 * ```
 */
export function describeHead(model: Uint8Array, options: HeadOptions = {}): HeadDescription {
  const { output: named } = checkOptionNames('clr/onnx', 'describeHead', options, ['output']);
  const { node, weight, bias, features, classes, output } = findHead(new Opened(model), named);
  return {
    node: nodeName(node),
    operator: node.opType,
    weight: weight.names[0] as string,
    ...(bias ? { bias: bias.names[0] as string } : {}),
    features: node.input[0] as string,
    inputs: features,
    classes,
    output,
  };
}
