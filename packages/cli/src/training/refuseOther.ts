import { unusable } from '../errors.ts';
import type { Encoding } from './encoding.ts';
import { type DataValues, listOf } from './flags.ts';

/** Refuses options that contradict the encoding. Otherwise the encoding would silently override them. */
export function refuseOther(command: string, values: DataValues, encoding: Encoding): void {
  for (const [option, known] of encoding.kind === 'table'
    ? ofTable(values, encoding)
    : ofImages(command, values, encoding)) {
    throw unusable({
      expected: `--${option} as the model's encoding has it: ${known}`,
      received: `--${option} ${values[option]}`,
      advice: 'Leave the option out, give another --encoding, or make a model for this option with clr new.',
    });
  }
}

type Others = readonly (readonly [option: keyof DataValues, known: string])[];

function ofTable(
  { target, task, drop }: DataValues,
  { target: known, features }: Encoding & { readonly kind: 'table' },
): Others {
  const names = features.map(({ name }) => name);
  const kind = known.type === 'classes' ? 'classification' : 'regression';
  return [
    ...(target !== undefined && target !== known.name ? [['target', known.name] as const] : []),
    ...(task !== undefined && task !== kind ? [['task', kind] as const] : []),
    ...(drop?.split(',').some((name) => names.includes(name))
      ? [['drop', `it reads ${names.join(', ')}`] as const]
      : []),
  ];
}

function ofImages(
  command: string,
  values: DataValues,
  { width, height, mean, std }: Encoding & { readonly kind: 'images' },
): Others {
  const [h, w = h] = listOf(command, 'size', values.size) ?? [height, width];
  const differs = (option: 'mean' | 'std', known: readonly number[]): boolean => {
    const list = listOf(command, option, values[option]);
    return list !== undefined && String(list) !== String(known);
  };
  return [
    ...(h !== height || w !== width ? [['size', `${height},${width}`] as const] : []),
    ...(differs('mean', mean) ? [['mean', mean.join()] as const] : []),
    ...(differs('std', std) ? [['std', std.join()] as const] : []),
  ];
}
