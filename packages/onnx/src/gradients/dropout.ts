import { DataType } from '../graph/dataType.ts';
import { inputOf } from '../graph/infer.ts';
import type { Operators } from '../graph/operator.ts';

/**
 * Dropout: the identity in inference form; in training form the mask it drew decides. The runtime draws it,
 * from a state of its own that no snapshot holds: training with it resumes with other masks.
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
    toInference: (node) => {
      node.input = node.input.slice(0, 2);
    },
    gradient: (c) => {
      const { b, node, x, g } = c;
      const training = inputOf(node, 2);
      const on = training === '' ? 0 : b.constant(training)?.values[0];
      if (on === undefined) throw c.refuse('its training mode is decided while the model runs');
      if (on === 0) return [g(0)];
      const given = b.constant(inputOf(node, 1))?.values[0];
      if (inputOf(node, 1) !== '' && given === undefined)
        throw c.refuse('its ratio is computed while the model runs');
      const ratio = given ?? 0.5;
      let mask = node.output[1] ?? '';
      if (mask === '') {
        mask = b.fresh('Mask');
        node.output = [c.y(0), mask];
        b.declare(mask, DataType.BOOL, b.dims(x(0)));
      }
      return [b.mul(b.keep(mask, g(0)), b.scalar(1 / (1 - ratio), g(0)))];
    },
  },
};
