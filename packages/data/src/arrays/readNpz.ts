import { inflateSync } from 'fflate';
import { type ByteSource, bytesSource } from '../byteSource.ts';
import { fail } from '../errors.ts';
import type { RawArray } from './rawArray.ts';
import { readNpy } from './readNpy.ts';

/** The maximum size in bytes of a compressed array, because it is unpacked in memory. */
const maxUnpacked = 2 ** 30;

interface Member {
  readonly name: string;
  readonly method: number;
  readonly packed: number;
  readonly size: number;
  readonly header: number;
}

/**
 * The arrays of a .npz file. Arrays that `np.savez` wrote may have any size and are read from the file as needed.
 * Arrays that `np.savez_compressed` wrote are unpacked in memory.
 */
export async function readNpz(source: ByteSource): Promise<RawArray[]> {
  const arrays: RawArray[] = [];
  for (const member of await membersOf(source)) {
    const name = member.name.replace(/\.npy$/, '');
    const local = viewOf(await source.read(member.header, member.header + 30));
    const data = member.header + 30 + local.getUint16(26, true) + local.getUint16(28, true);
    if (member.method === 0) {
      arrays.push(await readNpy(source, name, data));
    } else if (member.method === 8 && member.size <= maxUnpacked) {
      const packed = await source.read(data, data + member.packed);
      const bytes = inflateSync(packed, { out: new Uint8Array(member.size) });
      arrays.push(await readNpy(bytesSource(bytes), name));
    } else {
      throw fail(
        `arrays of at most ${maxUnpacked} bytes in a compressed file`,
        `"${name}" of ${member.size} bytes`,
        'Save it with np.savez: uncompressed arrays are read in parts.',
      );
    }
  }
  return arrays;
}

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const broken = (): Error =>
  fail(
    'a whole .npz archive',
    'a file whose directory is missing or damaged',
    'Write it again with np.savez.',
  );

/** The central directory of a zip file, with the fields of zip64. */
async function membersOf(source: ByteSource): Promise<Member[]> {
  const tailAt = Math.max(0, source.size - 65_600);
  const tail = viewOf(await source.read(tailAt, source.size));
  let end = tail.byteLength - 22;
  while (end >= 0 && tail.getUint32(end, true) !== 0x06054b50) end--;
  if (end < 0) throw broken();
  let [count, size, at] = [
    tail.getUint16(end + 10, true),
    tail.getUint32(end + 12, true),
    tail.getUint32(end + 16, true),
  ];
  if (at === 0xffffffff || size === 0xffffffff || count === 0xffff) {
    const locator = end - 20;
    if (locator < 0 || tail.getUint32(locator, true) !== 0x07064b50) throw broken();
    const record = Number(tail.getBigUint64(locator + 8, true));
    const wide = viewOf(await source.read(record, record + 56));
    [count, size, at] = [24, 40, 48].map((place) => Number(wide.getBigUint64(place, true))) as [
      number,
      number,
      number,
    ];
  }
  const directory = viewOf(await source.read(at, at + size));
  const text = new TextDecoder();
  const members: Member[] = [];
  let place = 0;
  for (let i = 0; i < count; i++) {
    if (place + 46 > directory.byteLength || directory.getUint32(place, true) !== 0x02014b50) throw broken();
    const [named, extra, comment] = [28, 30, 32].map((field) => directory.getUint16(place + field, true)) as [
      number,
      number,
      number,
    ];
    const bytes = (from: number, length: number) =>
      new Uint8Array(directory.buffer, directory.byteOffset + from, length);
    let [packed, unpacked, header] = [20, 24, 42].map((field) =>
      directory.getUint32(place + field, true),
    ) as [number, number, number];
    // Zip64: an extra field holds the numbers that do not fit into 32 bits, in the order below.
    for (let from = place + 46 + named; from + 4 <= place + 46 + named + extra; ) {
      const length = directory.getUint16(from + 2, true);
      if (directory.getUint16(from, true) === 1) {
        let wide = from + 4;
        const next = (): number => {
          wide += 8;
          return Number(directory.getBigUint64(wide - 8, true));
        };
        if (unpacked === 0xffffffff) unpacked = next();
        if (packed === 0xffffffff) packed = next();
        if (header === 0xffffffff) header = next();
      }
      from += 4 + length;
    }
    members.push({
      name: text.decode(bytes(place + 46, named)),
      method: directory.getUint16(place + 10, true),
      packed,
      size: unpacked,
      header,
    });
    place += 46 + named + extra + comment;
  }
  return members;
}
