import { fail } from '../errors.ts';
import { type Content, outsideOf, outsideTensors, partKey } from '../format/content.ts';
import { readModel } from '../format/model.ts';
import type { TensorProto } from '../generated/onnx_pb.ts';

/** Reads a part of a file in the model's folder. Without a length, it reads to the end. */
export type ReadPart = (location: string, offset: number, length: number | undefined) => Promise<Uint8Array>;

/** Accepts only plain relative paths inside the model's folder. */
function checkLocation(tensor: TensorProto, location: string): void {
  const parts = location.split('/');
  const plain =
    location !== '' && !/[\\:\0]/.test(location) && parts.every((part) => part !== '' && part !== '..');
  if (!plain) {
    throw fail(
      `the external data of tensor "${tensor.name}" in the model's own folder`,
      `location = ${JSON.stringify(location)}`,
      "Move the data file into the model's folder and save the model again.",
    );
  }
}

/**
 * Reads a model's external weights, each part once.
 *
 * @throws {ClrError} for a location outside the model's folder
 */
export async function readOutside(bytes: Uint8Array, read: ReadPart): Promise<Content> {
  const tensors = outsideTensors(readModel(bytes).proto);
  const places = tensors.map((tensor) => {
    const outside = outsideOf(tensor);
    checkLocation(tensor, outside.location);
    return outside;
  });
  const parts = new Map<string, Uint8Array>();
  for (const outside of places) {
    const key = partKey(outside);
    if (!parts.has(key)) parts.set(key, await read(outside.location, outside.offset, outside.length));
  }
  return { bytes, parts };
}
