import type { Optimizer } from '@clr/core';
import { fail } from '../../errors.ts';
import { show } from '../../show.ts';
import { adagradUpdate } from './adagrad.ts';
import { adamUpdate } from './adam.ts';
import { rmsPropUpdate } from './rmsProp.ts';
import { sgdUpdate } from './sgd.ts';
import type { Update } from './update.ts';

/**
 * The arithmetic of an optimizer.
 *
 * @throws {ClrError} if the spec is not one of core's optimizers
 */
export function updateOf(spec: Optimizer): Update {
  switch (spec?.type) {
    case 'sgd':
      return sgdUpdate(spec);
    case 'adam':
    case 'adamW':
      return adamUpdate(spec);
    case 'rmsProp':
      return rmsPropUpdate(spec);
    case 'adagrad':
      return adagradUpdate(spec);
    default:
      throw fail(
        'optimizer to be made by sgd(), adam(), adamW(), rmsProp() or adagrad() of @clr/core',
        `optimizer = ${show(spec)}`,
        'Import one of these functions from @clr/core and call it.',
      );
  }
}
