import { checkOptionNames } from '@clr/core';
import { fail } from '../errors.ts';
import { describeNode } from '../format/describeNode.ts';
import { operators } from '../gradients/index.ts';
import { lossInput } from '../loss/lossInput.ts';
import { dequantised } from '../read/dequantise.ts';
import { loadGraph } from '../read/load.ts';
import { readSource } from '../read/readSource.ts';
import { show } from '../show.ts';
import { classify } from '../training/parameters.ts';
import { Uses } from '../training/roles.ts';

/** Operators that count as a layer. Norms and biases after such an operator belong to its layer. */
const layers = new Set([
  ...['Conv', 'ConvTranspose', 'DeformConv', 'Gemm', 'MatMul', 'Einsum', 'Gather'],
  ...['LSTM', 'GRU', 'RNN', 'Attention'],
]);

/** Options of {@link freezeExcept}. */
export interface FreezeExceptOptions {
  /**
   * The output that the loss is computed on, or the outputs if several losses are summed. Default: the first float
   * output, as in createTrainer.
   */
  readonly output?: string | readonly string[];
}

/**
 * Returns a predicate for the option `trainable`. It selects some weights and freezes the rest.
 *
 * A number k selects the last k layers with weights, in the order in which the model computes them. The selection
 * begins at the k-th last operator that counts as a layer (Conv, Gemm, MatMul, Gather, LSTM, …). It contains all
 * weights from there on, including norms and biases, that are trained by default. A function selects weights by name.
 *
 * Freezing weights does not freeze the statistics of batch norms in training mode. {@link freezeBatchNorm} freezes
 * these.
 *
 * @param model - the content of an .onnx file
 * @param keep - the number of last layers to train, or a predicate on weights' names
 * @throws {ClrError} if the model has fewer layers, if no trainable weight is selected, or if there is no such output
 *
 * @example
 * ```ts
 * const trainable = freezeExcept(bytes, 1);
 * const names = describeModel(bytes).weights.map(({ name }) => name);
 * names.filter(trainable); // ['11.weight', '11.bias']
 * ```
 */
export function freezeExcept(
  model: Uint8Array,
  keep: number | ((name: string) => boolean),
  options: FreezeExceptOptions = {},
): (name: string) => boolean {
  const { output } = checkOptionNames('clr/onnx', 'freezeExcept', options, ['output']);
  const source = dequantised(readSource(model));
  const { b } = loadGraph(source, operators, (node, ops) => ops.operator(node)?.settle?.(node, ops));
  const outputs = source.graph.output.map(({ name }) => name);
  const wanted = Array.isArray(output) ? output : [output];
  if (wanted.length === 0) {
    throw fail('at least one output', 'output = []', 'Name the outputs that losses are computed on.');
  }
  const seeds = wanted.map((name) => lossInput(b, b.nodes, outputs, name));
  const weights = classify(b, b.nodes, source, seeds).filter(({ why }) => why === undefined);
  if (typeof keep === 'function') {
    const picked = new Set(weights.map(({ tensor }) => tensor.name).filter((name) => keep(name) === true));
    if (picked.size === 0) {
      throw fail(
        'a function that picks at least one trainable weight',
        `a function that picks none of ${weights
          .slice(0, 8)
          .map(({ tensor }) => tensor.name)
          .join(', ')}${weights.length > 8 ? ', …' : ''}`,
        'Let the function pick a weight by its name. describeModel lists the weights.',
      );
    }
    return (name) => picked.has(name);
  }
  const readers = new Uses(b.nodes);
  const placed = weights.map(({ tensor: { name } }) => {
    const uses = readers.of(name);
    return {
      name,
      starts: uses.some(({ node }) => layers.has(node.opType)),
      at: Math.min(...uses.map(({ node }) => b.nodes.indexOf(node))),
    };
  });
  const starts = [...new Set(placed.filter((weight) => weight.starts).map(({ at }) => at))].sort(
    (x, y) => y - x,
  );
  if (!Number.isSafeInteger(keep) || keep < 1 || keep > starts.length) {
    const named = starts.slice(0, 4).flatMap((at) => (b.nodes[at] ? [describeNode(b.nodes[at])] : []));
    throw fail(
      `the number of layers to train, from 1 to ${starts.length}, or a function of a weight's name`,
      `keep = ${show(keep)}`,
      `The last layers are ${named.join(', ')}.`,
    );
  }
  const from = starts[keep - 1] as number;
  const picked = new Set(placed.filter(({ at }) => at >= from).map(({ name }) => name));
  return (name) => picked.has(name);
}
