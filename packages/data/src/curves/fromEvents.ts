import { fail } from '../errors.ts';
import { maskedCrc32c } from './crc32c.ts';
import type { Column, CurveTable } from './curve.ts';
import { type Field, fieldsOf } from './protobuf.ts';

/** True if a file starts like a TFRecord: with an 8-byte length and its checksum. */
export function isEventFile(bytes: Uint8Array): boolean {
  return bytes.length >= 12 && maskedCrc32c(bytes.subarray(0, 8)) === viewOf(bytes).getUint32(8, true);
}

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/**
 * The scalars of a TensorBoard event file, by tag: TFRecords of Event messages, with `simple_value` (PyTorch,
 * TensorFlow 1) or a scalar tensor (TensorFlow 2). If a step was logged twice, the last value counts.
 *
 * @see https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/util/event.proto
 */
export function fromEvents(bytes: Uint8Array, name: string): CurveTable {
  const tags = new Map<string, Map<number, number | null>>();
  const notes: string[] = [];
  const view = viewOf(bytes);
  let at = 0;
  let records = 0;
  while (at < bytes.length) {
    const length = at + 12 <= bytes.length ? Number(view.getBigUint64(at, true)) : Infinity;
    const end = at + 12 + length + 4;
    if (end > bytes.length) {
      // The run that writes the file is not finished, or was killed.
      notes.push(`The last event is incomplete and was left out.`);
      break;
    }
    const data = bytes.subarray(at + 12, at + 12 + length);
    if (maskedCrc32c(data) !== view.getUint32(end - 4, true)) {
      throw fail(`whole events in ${name}`, `event ${records} with a wrong checksum`, 'Copy the file again.');
    }
    addScalars(data, tags);
    at = end;
    records += 1;
  }
  const columns = [...tags].map(([tag, values]): Column => {
    const steps = [...values.keys()].sort((a, b) => a - b);
    return { name: tag, steps, values: steps.map((step) => values.get(step) ?? null) };
  });
  return { source: 'TensorBoard', columns, notes };
}

const text = new TextDecoder();

function addScalars(event: Uint8Array, tags: Map<string, Map<number, number | null>>): void {
  const fields = fieldsOf(event);
  const step = Number(fields.find(({ number }) => number === 2)?.value ?? 0);
  for (const summary of fields.filter(({ number }) => number === 5)) {
    for (const { number, bytes } of fieldsOf(summary.bytes)) {
      if (number !== 1) continue;
      const parts = fieldsOf(bytes);
      const value = scalarOf(parts);
      const tag = parts.find((part) => part.number === 1);
      if (value === undefined || !tag) continue;
      const title = text.decode(tag.bytes);
      const found = tags.get(title) ?? new Map<number, number | null>();
      tags.set(title, found.set(step, Number.isFinite(value) ? value : null));
    }
  }
}

const float = (bytes: Uint8Array): number => viewOf(bytes).getFloat32(0, true);
const double = (bytes: Uint8Array): number => viewOf(bytes).getFloat64(0, true);

/** `simple_value`, or the only number of the tensor, from `tensor_content`, `float_val` or `double_val`. */
function scalarOf(parts: readonly Field[]): number | undefined {
  const simple = parts.find(({ number, wire }) => number === 2 && wire === 5);
  if (simple) return float(simple.bytes);
  const tensor = parts.find(({ number }) => number === 8);
  if (!tensor) return undefined;
  const inner = fieldsOf(tensor.bytes);
  const type = Number(inner.find(({ number }) => number === 1)?.value ?? 0);
  const packed = (field: number) => inner.find(({ number }) => number === field)?.bytes;
  if (type === 1) {
    const bytes = packed(4) ?? packed(5);
    return bytes?.length === 4 ? float(bytes) : undefined;
  }
  if (type === 2) {
    const bytes = packed(4) ?? packed(6);
    return bytes?.length === 8 ? double(bytes) : undefined;
  }
  return undefined;
}
