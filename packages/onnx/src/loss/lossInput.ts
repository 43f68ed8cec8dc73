import { fail } from '../errors.ts';
import { isFloat, typeName } from '../format/dataType.ts';
import type { NodeProto } from '../generated/onnx_pb.ts';
import { operatorKey } from '../graph/graph.ts';
import { inputOf } from '../graph/infer.ts';
import type { Ops } from '../graph/ops.ts';
import { show } from '../show.ts';
import { producer } from './probabilities.ts';

/** The output, or the tensor before its ZipMap, which turns scikit-learn's probabilities into a list of maps. */
function behindMaps(nodes: readonly NodeProto[], output: string): string {
  let last = producer(nodes, output);
  while (last?.opType === 'Identity') last = producer(nodes, inputOf(last, 0));
  return last && operatorKey(last) === 'ai.onnx.ml:ZipMap' ? inputOf(last, 0) : output;
}

/**
 * The value that the loss is computed on: the named output, or the first float output.
 *
 * @param outputs - the names of the model's outputs
 * @param named - the name of the wanted output, if one is given
 * @throws {ClrError} if there is no such output, or if it is not a float
 */
export function lossInput(
  b: Ops,
  nodes: readonly NodeProto[],
  outputs: readonly string[],
  named: string | undefined,
): string {
  const values = outputs.map((name) => behindMaps(nodes, name));
  const found =
    named === undefined ? values.findIndex((name) => isFloat(b.type(name).type)) : outputs.indexOf(named);
  const wanted = values[found < 0 && named === undefined ? 0 : found];
  if (wanted === undefined) {
    throw fail(
      `the name of one of the model's outputs: ${outputs.join(', ')}`,
      `output = ${show(named)}`,
      'Name an output of the model.',
    );
  }
  const { type } = b.type(wanted);
  if (type !== 0 && !isFloat(type)) {
    throw fail(
      `a float output to compute the loss on`,
      `"${wanted}" of type ${typeName(type)}`,
      'Choose another output with `output`.',
    );
  }
  return wanted;
}
