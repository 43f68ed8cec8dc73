import type * as tfjs from '@tensorflow/tfjs';
import type { StatefulLayer } from './statefulLayers.ts';
import type { SavedWeight } from './tfjsSnapshot.ts';

/** A named state of a recurrent layer. */
export function namedStates(
  stateful: readonly StatefulLayer[],
): (Pick<SavedWeight, 'name' | 'place'> & { tensor: tfjs.Tensor })[] {
  return stateful.flatMap(({ name, place, layer }) =>
    (layer.states_ ?? []).map((tensor, index) => ({
      name: `${name}state_${index}`,
      place: `${place}state_${index}`,
      tensor,
    })),
  );
}
