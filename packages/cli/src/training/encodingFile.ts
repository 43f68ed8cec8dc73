import { unusable } from '../errors.ts';
import { nameOf, readJson } from '../input/readJson.ts';
import type { Encoding } from './openData.ts';

/** The file beside a model that says how data become numbers. */
export const encodingPath = (model: string): string => `${model.replace(/\.onnx$/i, '')}.encoding.json`;

/** Reads how data become numbers: from the given file, or from the one beside the model if there is one. */
export async function readEncoding(model: string, given?: string): Promise<Encoding | undefined> {
  const path = given ?? encodingPath(model);
  const value = await readJson(path).catch((error: Error) => {
    if (given === undefined && error.message.includes('no such file')) return undefined;
    throw error;
  });
  if (value === undefined) return undefined;
  const { version, kind } = Object(value) as Partial<Encoding>;
  if (version === 1 && (kind === 'table' || kind === 'images')) return value as Encoding;
  throw unusable({
    expected: `an encoding of clr in ${nameOf(path)}`,
    received: JSON.stringify(value).slice(0, 60),
    advice: 'Give the file that clr new or clr train wrote beside the model.',
  });
}

export const encodingText = (encoding: Encoding): string => `${JSON.stringify(encoding, null, 2)}\n`;
