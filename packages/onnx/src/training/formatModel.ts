import { fail } from '../errors.ts';
import { show } from '../show.ts';
import type { ModelDescription } from './describeModel.ts';
import type { TensorInfo } from './trainingModel.ts';

const shapeText = (dims: TensorInfo['dims']): string => (dims ? `[${dims.join(', ')}]` : '[…]');
const tensorText = ({ name, type, dims }: TensorInfo): string => `  ${name}  ${type} ${shapeText(dims)}`;

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 2 : 0)} MB`;

/** Formats rows with aligned columns. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows.map((row) => `  ${row.map((text, i) => text.padEnd(widths[i] ?? 0)).join('  ')}`.trimEnd());
}

/**
 * Formats a model's description as text for printing.
 *
 * @param description - the result of `describeModel`
 *
 * @example
 * ```ts
 * formatModel(describeModel(bytes)).split('\n')[0]; // 'opset 17, written by pytorch 1.13.0'
 * ```
 */
export function formatModel(description: ModelDescription): string {
  if (!Array.isArray((description as ModelDescription | undefined)?.weights)) {
    throw fail('the result of describeModel', show(description), 'Pass describeModel(bytes).');
  }
  const { exporter, opset, inputs, outputs, weights, withoutGradient, refusal, memory } = description;
  const trained = weights.filter((weight) => weight.trained);
  const elements = trained.reduce((sum, { dims }) => sum + dims.reduce((n, dim) => n * dim, 1), 0);
  const rows = weights.map(({ name, dims, uses, trained: isTrained, why }) => [
    name,
    shapeText(dims),
    uses.map(({ node, operator, input }) => `${operator} "${node}" input ${input}`)[0] ?? 'unused',
    isTrained ? 'trained' : `not trained: ${why}`,
  ]);
  return [
    `opset ${opset}${exporter ? `, written by ${exporter}` : ''}`,
    'inputs',
    ...inputs.map(tensorText),
    'outputs',
    ...outputs.map(tensorText),
    `weights: ${trained.length} of ${weights.length} tensors are trained, ${elements} elements`,
    ...table(rows),
    ...(withoutGradient.length > 0 ? ['operators without a gradient'] : []),
    ...withoutGradient.map(({ operator, nodes }) => `  ${operator}  ${nodes.length} ×, first "${nodes[0]}"`),
    ...(refusal === undefined ? [] : [refusal]),
    `a step of ${memory.batch} takes about ${megabytes(memory.total)}: weights ${megabytes(memory.weights)}, gradients ${megabytes(memory.gradients)}, slots ${megabytes(memory.slots)}, activations ${megabytes(memory.activations)}`,
  ].join('\n');
}
