/// <reference types="node" />
import { fail } from '../errors.ts';
import type { Forms } from '../lower/question.ts';
import { show } from '../show.ts';
import type { Ort } from './ort.ts';
import { ownVersion } from './ownVersion.ts';

/** The content of a file of forms. The keys of `machines` are what {@link machineOf} returns on each machine. */
interface Content {
  readonly format: 'clr/onnx forms';
  readonly machines: Readonly<Record<string, Forms>>;
}

const isForms = (value: unknown): value is Forms =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  Object.values(value).every((form) => typeof form === 'string');

function isContent(value: unknown): value is Content {
  const { format, machines } = Object(value) as Partial<Content>;
  return (
    format === 'clr/onnx forms' &&
    typeof machines === 'object' &&
    machines !== null &&
    Object.values(machines).every(isForms)
  );
}

/**
 * Describes what the choice of forms depends on besides the model: the processor, the number of threads, and the
 * versions of ONNX Runtime and this package.
 */
async function machineOf(ort: Ort, threads: number | undefined): Promise<string> {
  const { cpus, availableParallelism } = process.getBuiltinModule('node:os');
  const processor = cpus()[0]?.model.trim() ?? 'unknown processor';
  const version = ort.env?.versions?.node ?? 'unknown';
  return `${processor}, ${threads ?? availableParallelism()} threads, onnxruntime ${version}, @clr/onnx ${await ownVersion()}`;
}

/** A file that stores measured forms for later processes. */
export class FormsFile {
  readonly #path: string;
  readonly #machine: string;
  /** The stored forms of this machine. */
  readonly forms: Forms;

  private constructor(path: string, machine: string, forms: Forms) {
    this.#path = path;
    this.#machine = machine;
    this.forms = forms;
  }

  /**
   * Reads a file of forms. If the file does not exist, no forms are stored yet.
   *
   * @throws {ClrError} if the file holds something else; such a file is never overwritten
   */
  static async open(path: string, ort: Ort, threads: number | undefined): Promise<FormsFile> {
    const machine = await machineOf(ort, threads);
    const { machines } = await read(path);
    return new FormsFile(path, machine, Object.hasOwn(machines, machine) ? (machines[machine] as Forms) : {});
  }

  /** Adds forms. Forms that other processes have added in the meantime are kept. */
  async add(forms: Forms): Promise<void> {
    if (Object.keys(forms).every((key) => Object.hasOwn(this.forms, key))) return;
    const { rename, writeFile } = process.getBuiltinModule('node:fs/promises');
    const { machines } = await read(this.#path);
    const content: Content = {
      format: 'clr/onnx forms',
      machines: { ...machines, [this.#machine]: { ...forms, ...machines[this.#machine] } },
    };
    // The file is replaced atomically, so a reader sees either the old or the new content.
    const partial = `${this.#path}.${process.pid}.partial`;
    try {
      await writeFile(partial, `${JSON.stringify(content, null, 2)}\n`);
      await rename(partial, this.#path);
    } catch (error) {
      throw fail(
        `formsFile to be a file that can be written: "${this.#path}"`,
        (error as Error).message,
        'Make its folder, or leave formsFile out.',
        { cause: error },
      );
    }
  }
}

async function read(path: string): Promise<Content> {
  const { readFile } = process.getBuiltinModule('node:fs/promises');
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return { format: 'clr/onnx forms', machines: {} };
    throw notForms(path, (error as Error).message);
  }
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    throw notForms(path, `${text.length} characters that are not JSON`);
  }
  if (!isContent(content)) throw notForms(path, show(content));
  return content;
}

const notForms = (path: string, received: string): Error =>
  fail(
    `formsFile to be a file that createTrainer wrote, or a new one: "${path}"`,
    received,
    'Pass another path, or delete the file. The forms are then measured again.',
  );
