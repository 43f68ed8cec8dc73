import type { NumberField } from './fields.ts';

/** The number of positions of a slider. A short range of whole numbers has one for each. */
export const placesOf = ({ whole, scale, min, max }: NumberField): number =>
  whole && scale === 'linear' ? max - min : 400;

const forward = ({ scale }: Pick<NumberField, 'scale'>, value: number): number =>
  scale === 'log' ? Math.log(value) : scale === 'nines' ? -Math.log(1 - value) : value;

const back = ({ scale }: Pick<NumberField, 'scale'>, way: number): number =>
  scale === 'log' ? Math.exp(way) : scale === 'nines' ? 1 - Math.exp(-way) : way;

/** The slider's position for a value. For values outside the slider's range it is one of the ends. */
export function placeOf(field: NumberField, value: number): number {
  const [from, to] = [forward(field, field.min), forward(field, field.max)];
  const inside = Math.min(field.max, Math.max(field.min, value));
  return Math.round((placesOf(field) * (forward(field, inside) - from)) / (to - from));
}

/** The value at a position, rounded to as many digits as the positions can distinguish. */
export function valueAt(field: NumberField, place: number): number {
  const [from, to] = [forward(field, field.min), forward(field, field.max)];
  const value = back(field, from + ((to - from) * place) / placesOf(field));
  if (field.whole) return Math.round(Number(value.toPrecision(3)));
  if (field.scale === 'nines') return Number((1 - Number((1 - value).toPrecision(2))).toFixed(8));
  return Number(field.scale === 'log' ? value.toPrecision(2) : value.toFixed(3));
}
