import { readModel, writeModel } from '../src/format/model.ts';

/** Returns the model without rounding and clipping. */
export function unrounded(file: Uint8Array): Uint8Array {
  const { proto, graph } = readModel(file);
  for (const node of graph.node) {
    if (node.opType !== 'Round' && node.opType !== 'Clip') continue;
    node.opType = 'Identity';
    node.input.length = 1;
  }
  return writeModel(proto);
}
