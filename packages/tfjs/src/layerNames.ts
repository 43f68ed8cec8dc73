/** The part of a layer that decides its name in a snapshot. */
export interface Named {
  readonly name: string;
  getClassName(): string;
}

/** The name of each layer of a container, or its class and position if tfjs generated the name. */
export function placesOf(layers: readonly Named[]): string[] {
  const counts = new Map<string, number>();
  return layers.map((layer) => {
    if (!isMadeUp(layer)) return layer.name;
    const kind = layer.getClassName();
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    return `${kind}#${count}`;
  });
}

/**
 * True if tfjs generated this name, such as `dense_Dense1`. The number counts all layers of the page, so a second
 * instance of the same model has other names.
 */
export function isMadeUp(layer: Named): boolean {
  const kind = layer.getClassName();
  if (kind === 'InputLayer') return /^input\d+$|_input$/.test(layer.name);
  const stem = layer.name.replace(/\d+$/, '');
  if (stem === layer.name) return false;
  return [`${snakeCase(kind)}_${kind}`, kind.toLowerCase(), 'sequential_', 'model'].includes(stem);
}

/** A weight's name within its layer, without the numbers that tfjs generates for wrapped layers. */
export function withoutNumbers(path: string): string {
  return path.replace(/([a-z0-9]_[A-Z][A-Za-z]*)\d+(?=\/)/g, '$1');
}

/** Converts a class name to snake case in the same way as tfjs. */
function snakeCase(name: string): string {
  return name
    .replace(/(.)([A-Z][a-z0-9]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
}
