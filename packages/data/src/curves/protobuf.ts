import { fail } from '../errors.ts';

/** A field of a protobuf message. `bytes` holds its content, or the raw bytes of a fixed-size number. */
export interface Field {
  readonly number: number;
  readonly wire: number;
  readonly value: bigint;
  readonly bytes: Uint8Array;
}

/** The fields of a message, in order, without a schema. */
export function fieldsOf(message: Uint8Array): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = message[at++];
      if (byte === undefined) break;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, value);
    }
    throw broken();
  };
  while (at < message.length) {
    const key = Number(varint());
    const [number, wire] = [key >>> 3, key & 7];
    const value = wire === 0 || wire === 2 ? varint() : 0n;
    const length = wire === 0 ? 0 : wire === 1 ? 8 : wire === 5 ? 4 : wire === 2 ? Number(value) : -1;
    if (length < 0 || at + length > message.length) throw broken();
    fields.push({ number, wire, value, bytes: message.subarray(at, at + length) });
    at += length;
  }
  return fields;
}

const broken = (): Error =>
  fail('a whole protobuf message', 'one that is truncated or damaged', 'Copy the file again.');
