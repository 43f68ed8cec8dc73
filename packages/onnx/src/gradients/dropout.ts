import { int } from '../format/attributes.ts';
import { DataType } from '../format/dataType.ts';
import { inputOf } from '../graph/infer.ts';
import type { Operators } from '../graph/operator.ts';

/**
 * Dropout is the identity in inference mode. In training mode it is written as a product with a mask that depends on
 * the step (see `graph/randomNumbers.ts`). The runtime's own Dropout is not used, because snapshots cannot hold the
 * state of its generator.
 */
export const dropout: Operators = {
  Dropout: {
    infer: (node, b) => {
      const { type, dims } = b.type(inputOf(node, 0));
      return [
        { type, dims },
        { type: DataType.BOOL, dims },
      ];
    },
    differentiable: [0],
    zeroDerivative: { 2: 'a switch' },
    toInference: (node) => {
      node.input = node.input.slice(0, 2);
    },
    toTraining: (node, b, draws) => {
      const [x, ratioInput, training] = [0, 1, 2].map((i) => inputOf(node, i)) as [string, string, string];
      const ratio = ratioInput === '' ? 0.5 : b.constant(ratioInput)?.values[0];
      // In inference mode, the ratio is ignored.
      if (training === '' || b.constant(training)?.values[0] === 0) node.input = [x];
      if (!b.constant(training)?.values[0] || ratio === undefined || !(ratio >= 0 && ratio < 1)) return;
      const mask = draws.mask(b, x, ratio, int(node, 'seed', 0));
      if (node.output[1]) b.emitAs('Identity', [mask], {}, node.output[1]);
      const kept = b.mul(b.castLike(mask, x), b.scalar(1 / (1 - ratio), x));
      node.opType = 'Mul';
      node.input = [x, kept];
      node.output = node.output.slice(0, 1);
      node.attribute = [];
    },
    gradient: (c) => {
      const { b, node, g } = c;
      const training = inputOf(node, 2);
      const on = training === '' ? 0 : b.constant(training)?.values[0];
      if (on === undefined) throw c.refuse('its training mode is decided while the model runs');
      // A node that is still in training mode here could not be replaced by a mask.
      if (on !== 0) throw c.refuse('its ratio is not a constant of at least 0 and below 1');
      return [g(0)];
    },
  },
};
