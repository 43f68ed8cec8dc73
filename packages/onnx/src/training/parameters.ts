import { fail } from '../errors.ts';
import type { GraphProto, NodeProto, TensorProto } from '../generated/onnx_pb.ts';
import type { Builder } from '../graph/builder.ts';
import { captures } from '../graph/captures.ts';
import { isFloat } from '../graph/dataType.ts';

/**
 * The values that influence the seeds in a way that has a slope.
 *
 * @param constants - whether inputs that hold a formula's constant count too
 */
function reaching(
  b: Builder,
  nodes: readonly NodeProto[],
  seeds: Iterable<string>,
  constants: boolean,
): Set<string> {
  const live = new Set(seeds);
  for (const node of [...nodes].reverse()) {
    if (!node.output.some((name) => live.has(name))) continue;
    const operator = b.operator(node);
    if (operator?.gradient === 'none') continue;
    node.input.forEach((name, i) => {
      const open = operator?.differentiable?.includes(i) ?? true;
      const counts = constants || !operator?.constants?.includes(i) || b.constant(name)?.dims.length !== 0;
      if (name !== '' && open && counts) live.add(name);
    });
    for (const name of captures(node)) live.add(name);
  }
  return live;
}

/** How modules and variables name their weights: `block.1.scale`, `model/dense/ReadVariableOp:0`. */
const weightName = /^[a-z_]\w*(\.\w+)*$|variable/i;
/** How exporters and optimizers name what they found in a formula, where it looks like a weight's name. */
const constantName = /const|cst|^(val|scalar|lifted_tensor|ortshared)_/i;
const formulas = new Set(['Add', 'Sub', 'Mul', 'Div', 'Max', 'Min', 'Sum', 'Mean', 'Mod']);

/** Whether an initializer is the ½ or the √2 of a formula: a scalar that exporters name, in arithmetic alone. */
function inFormula({ name, dims }: TensorProto, nodes: readonly NodeProto[]): boolean {
  if (dims.length > 0 || (weightName.test(name) && !constantName.test(name))) return false;
  return nodes.every(({ input, opType }) => !input.includes(name) || formulas.has(opType));
}

/**
 * The initializers to train, in the model's order.
 *
 * @throws {ClrError} when there is none
 */
export function selectParameters(
  b: Builder,
  nodes: readonly NodeProto[],
  graph: GraphProto,
  seeds: Iterable<string>,
  trainable: ((name: string) => boolean) | undefined,
): TensorProto[] {
  const live = reaching(b, nodes, seeds, trainable !== undefined);
  const candidates = graph.initializer.filter(
    (tensor) =>
      isFloat(tensor.dataType) &&
      live.has(tensor.name) &&
      (trainable?.(tensor.name) ?? !inFormula(tensor, nodes)),
  );
  if (candidates.length === 0) {
    const names = graph.initializer.filter(({ dataType }) => isFloat(dataType)).map(({ name }) => name);
    throw fail(
      'a model with at least one trainable parameter',
      trainable && names.length > 0
        ? `\`trainable\` chose none of ${names.slice(0, 8).join(', ')}${names.length > 8 ? ', …' : ''} that reaches the loss`
        : 'no float initializer that reaches the loss',
      'Export the model with its weights as initializers, or choose others with `trainable`.',
    );
  }
  return candidates;
}
