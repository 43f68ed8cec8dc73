import { fail } from '../errors.ts';
import { declaration } from '../graph/declaration.ts';
import { show } from '../show.ts';
import { Opened } from './opened.ts';
import { prune } from './prune.ts';

/**
 * Cuts a model at a value. The value becomes the output, and everything after it is removed. The remaining model
 * computes features. {@link appendDense} adds a new head to it.
 *
 * @param model - the content of an .onnx file; it is not changed
 * @param value - the name of a value that a node of the main graph makes, or a list of several names
 * @returns the content of the new file
 * @throws {ClrError} if the graph has no such value
 *
 * @example
 * ```ts
 * const body = cutAt(bytes, describeHead(bytes).features);
 * describeModel(body).outputs[0].name === describeHead(bytes).features; // true
 * ```
 */
export function cutAt(model: Uint8Array, value: string | readonly string[]): Uint8Array {
  const opened = new Opened(model);
  const { graph } = opened;
  const values = typeof value === 'string' ? [value] : value;
  if (!Array.isArray(values) || values.length === 0) {
    throw fail(
      'the name of a value to cut at, or a list of such names',
      `value = ${show(value)}`,
      "Pass the name of a node's output.",
    );
  }
  for (const name of values) {
    if (typeof name === 'string' && opened.maker(name)) continue;
    const node = graph.node.find((each) => each.name !== '' && each.name === name);
    const made = graph.node.flatMap(({ output }) => output).filter((each) => each !== '');
    throw fail(
      'the name of a value that a node of the graph makes',
      `value = ${show(name)}`,
      node
        ? `This is the name of a node; its output is called "${node.output[0]}".`
        : `The last values are ${made.slice(-6).map(show).join(', ')}.`,
    );
  }
  graph.output = values.map((name) => {
    const { type, dims } = opened.type(name);
    const known = graph.output.find((output) => output.name === name);
    return known ?? declaration(name, type, dims);
  });
  const outputs = new Set(values);
  graph.valueInfo = graph.valueInfo.filter(({ name }) => !outputs.has(name));
  prune(graph);
  return opened.close();
}
