import type * as tfjs from '@tensorflow/tfjs';
import { fail } from './errors.ts';
import { placesOf } from './layerNames.ts';
import type { LayerInside } from './layerTree.ts';

/** A stateful recurrent layer with the states that it keeps between batches. */
export interface StatefulLayer {
  readonly name: string;
  readonly place: string;
  readonly layer: {
    states_: tfjs.Tensor[] | null;
    /** The states of earlier training steps, which tfjs keeps until `resetStates()`. */
    keptStates?: tfjs.Tensor[][] | null;
  };
}

type Recurrent = LayerInside & StatefulLayer['layer'] & { readonly stateful?: boolean } & Wrapping;

interface Wrapping {
  readonly forwardLayer?: Recurrent;
  readonly backwardLayer?: Recurrent;
  readonly layer?: Recurrent;
}

/** The layers of a model whose state changes with every batch, including wrapped and nested ones. */
export function statefulLayers(model: Pick<LayerInside, 'layers'>): StatefulLayer[] {
  const found: StatefulLayer[] = [];
  const visit = (layer: Recurrent, name: string, place: string): void => {
    if (layer.layers) {
      const places = placesOf(layer.layers);
      for (const [index, inner] of layer.layers.entries()) {
        visit(inner as Recurrent, `${name}${inner.name}/`, `${place}${places[index]!}/`);
      }
    } else if (layer.forwardLayer && layer.backwardLayer) {
      visit(layer.forwardLayer, `${name}forward/`, `${place}forward/`);
      visit(layer.backwardLayer, `${name}backward/`, `${place}backward/`);
    } else if (layer.stateful && 'states_' in layer) {
      if (!found.some((other) => other.layer === layer)) found.push({ name, place, layer });
    } else if (layer.layer) {
      visit(layer.layer, name, place);
    } else if (layer.stateful) {
      throw fail({
        expected:
          'the state of a stateful layer in `states_`, as in the recurrent layers of tfjs 4.0 to 4.22',
        received: `${name.slice(0, -1)}, a ${layer.getClassName()} without such a field`,
        advice: 'A snapshot could not hold its state: make it { stateful: false }.',
      });
    }
  };
  visit(model as Recurrent, '', '');
  return found;
}

/** Holds copies of layers' states. Call `putBack` or `release` when the work is over. */
export function holdStates(
  tf: Pick<typeof tfjs, 'keep'>,
  layers: readonly StatefulLayer[],
): { putBack(): void; release(): void } {
  const held = layers.map(({ layer }) => layer.states_?.map((state) => tf.keep(state.clone())) ?? null);
  return {
    putBack() {
      layers.forEach(({ layer }, index) => {
        setStates(layer, held[index]!);
      });
    },
    release() {
      for (const states of held) for (const state of states ?? []) state.dispose();
    },
  };
}

/** Gives a layer new states, and frees its old ones. */
export function setStates(layer: StatefulLayer['layer'], states: readonly tfjs.Tensor[] | null): void {
  const before = layer.states_ ?? [];
  layer.states_ = states && [...states];
  for (const state of before) state.dispose();
  freeKeptStates(layer);
}

/** Frees the states from before the last training step. tfjs keeps them for a backward pass that is already over. */
export function freeKeptStates(layer: StatefulLayer['layer']): void {
  for (const state of layer.keptStates?.flat() ?? []) state.dispose();
  if (layer.keptStates) layer.keptStates = [];
}
