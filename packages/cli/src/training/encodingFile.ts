import type { ImageEncoding, TableEncoding } from '@clr/data';
import { unusable } from '../errors.ts';
import { nameOf, readJson } from '../input/readJson.ts';
import type { Encoding } from './encoding.ts';

/** The path of the encoding that is stored beside a model. */
export const encodingPath = (model: string): string => `${model.replace(/\.onnx$/i, '')}.encoding.json`;

/** Reads an encoding from the given file, or from the one beside the model if it exists. */
export async function readEncoding(model: string, given?: string): Promise<Encoding | undefined> {
  const path = given ?? encodingPath(model);
  const value = await readJson(path).catch((error: Error) => {
    if (given === undefined && error.message.includes('no such file')) return undefined;
    throw error;
  });
  if (value === undefined) return undefined;
  if (isEncoding(value)) return value;
  throw unusable({
    expected: `an encoding of clr in ${nameOf(path)}`,
    received: JSON.stringify(value).slice(0, 60),
    advice: 'Give the file that clr new or clr train wrote beside the model.',
  });
}

const areNumbers = (values: readonly unknown[]): boolean => values.every(Number.isFinite);
const areTexts = (values: unknown): boolean =>
  Array.isArray(values) && values.length > 0 && values.every((value) => typeof value === 'string');

/** True if an object is a complete encoding. */
function isEncoding(value: unknown): value is Encoding {
  const given: Partial<TableEncoding> | Partial<ImageEncoding> = Object(value);
  if (given.version !== 1) return false;
  if (given.kind === 'images') {
    const { width, height, channels, layout, mean, std } = given;
    const moments = [mean, std].every((list) => list?.length === channels && areNumbers(list ?? []));
    return (
      moments && areNumbers([width, height]) && /^(CHW|HWC)$/.test(layout ?? '') && areTexts(given.classes)
    );
  }
  if (given.kind !== 'table') return false;
  const { features, target } = given;
  if (!Array.isArray(features) || features.length === 0) return false;
  return [...features, target].every((each) => {
    const { name, type, mean, std, values, classes } = Object(each);
    if (typeof name !== 'string') return false;
    return type === 'number'
      ? areNumbers([mean, std]) && std > 0
      : areTexts(each === target ? classes : values);
  });
}

export const encodingText = (encoding: Encoding): string => `${JSON.stringify(encoding, null, 2)}\n`;
