import type * as tfjs from '@tensorflow/tfjs';
import { isMadeUp, type Named, placesOf, withoutNumbers } from './layerNames.ts';

/** A variable with its names in a snapshot. */
export interface NamedVariable {
  /** The names of its layers and its own name as a path, as in tfjs. Unique in this model. */
  readonly name: string;
  /** Like `name`, but with a layer's position instead of a generated name. Equal in every instance of the model. */
  readonly place: string;
  /** Its name in saved models, if different from the variable's own name. */
  readonly savedName?: string;
  readonly tensor: tfjs.Variable;
}

/** The internals of a layer that clr reads. */
export interface LayerInside extends Named {
  /** The layers, if this layer is a model itself. */
  readonly layers?: readonly LayerInside[];
  readonly containerNodes?: ReadonlySet<string>;
  readonly inboundNodes?: readonly { readonly inboundLayers: readonly Named[] }[];
  readonly weights: readonly { readonly id: number; readonly originalName: string; read(): tfjs.Variable }[];
  readonly activation?: { getClassName?(): string } | null;
}

/** A model's weights by name, in an order that does not depend on frozen layers, and a description of its layers. */
export interface LayerTree {
  readonly weights: readonly NamedVariable[];
  /** A line for each layer: its place, class, activation and input layers. */
  readonly topology: readonly string[];
}

/**
 * Walks a model and the models inside it. The weights of a layer that occurs twice are listed once, at its first
 * occurrence.
 */
export function layerTree(model: Pick<LayerInside, 'layers' | 'containerNodes'>): LayerTree {
  const weights: NamedVariable[] = [];
  const topology: string[] = [];
  const seen = new Set<tfjs.Variable>();

  const visit = ({ layers = [], containerNodes }: typeof model, path: string, prefix: string): void => {
    const places = placesOf(layers);
    for (const [index, layer] of layers.entries()) {
      const [name, place] = [`${path}${layer.name}/`, `${prefix}${places[index]!}/`];
      topology.push(describe(layer, layers, places, containerNodes, prefix));
      if (layer.layers) visit(layer, name, place);
      else {
        for (const own of weightsOf(layer)) {
          if (seen.has(own.tensor)) continue;
          seen.add(own.tensor);
          weights.push({ ...own, name: name + own.name, place: place + own.place });
        }
      }
    }
  };
  visit(model, '', '');
  return { weights, topology };
}

/** A layer's own weights in order of creation. Equal names get a number. */
function weightsOf(layer: LayerInside): NamedVariable[] {
  const prefix = `${layer.name}/`;
  const counts = new Map<string, number>();
  const counted = (name: string): string => {
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    return count === 1 ? name : `${name}#${count}`;
  };
  return [...layer.weights]
    .sort((a, b) => a.id - b.id)
    .map((weight) => {
      const { originalName } = weight;
      const own = originalName.startsWith(prefix) ? originalName.slice(prefix.length) : originalName;
      const place = counted(withoutNumbers(own));
      // The name and the place get the same count, because they differ only in generated numbers.
      const count = /#\d+$/.exec(place)?.[0] ?? '';
      return { name: own + count, place, savedName: originalName, tensor: weight.read() };
    });
}

function describe(
  layer: LayerInside,
  siblings: readonly Named[],
  places: readonly string[],
  nodes: ReadonlySet<string> | undefined,
  prefix: string,
): string {
  // A Sequential does not list its input layer.
  const placeOf = (other: Named): string =>
    places[siblings.indexOf(other)] ?? (isMadeUp(other) ? other.getClassName() : other.name);
  const calls = (layer.inboundNodes ?? []).filter((_, index) => nodes?.has(`${layer.name}_ib-${index}`));
  const reads = calls.map(({ inboundLayers }) => inboundLayers.map(placeOf).join(' + '));
  const activation = layer.activation?.getClassName?.();
  return [
    `${prefix}${placeOf(layer)}`,
    layer.getClassName(),
    ...(activation ? [activation] : []),
    ...(reads.some((from) => from !== '') ? [`< ${reads.join(', ')}`] : []),
  ].join(' ');
}
