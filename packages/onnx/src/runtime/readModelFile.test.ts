import { mkdir, mkdtemp, open, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { sgd } from '@clr/core';
import * as ort from 'onnxruntime-node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeModel } from '../../test/makeModel.ts';
import { DataType } from '../format/dataType.ts';
import { readModel, writeModel } from '../format/model.ts';
import {
  StringStringEntryProtoSchema,
  TensorProto_DataLocation,
  TensorProtoSchema,
} from '../generated/onnx_pb.ts';
import { createTrainer } from '../index.ts';

const weights = Float32Array.of(9, 9, 0.5, -1, 2);

/** y = x·w, with w in another file. */
function model(location: string, extra: Record<string, string> = { offset: '8', length: '12' }): Uint8Array {
  const externalData = Object.entries({ location, ...extra }).map(([key, value]) =>
    create(StringStringEntryProtoSchema, { key, value }),
  );
  return makeModel({
    inputs: [{ name: 'x', type: DataType.FLOAT, dims: [1, 3] }],
    outputs: [{ name: 'y', type: DataType.FLOAT, dims: [1, 3] }],
    tensors: [
      create(TensorProtoSchema, {
        name: 'w',
        dataType: DataType.FLOAT,
        dims: [3n],
        dataLocation: TensorProto_DataLocation.EXTERNAL,
        externalData,
      }),
    ],
    nodes: [{ op: 'Mul', inputs: ['x', 'w'], outputs: ['y'] }],
  });
}

describe('weights in other files', () => {
  const options = { loss: 'mse', optimizer: sgd() } as const;
  let root: string;
  let path: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'clr-onnx-'));
    await mkdir(join(root, 'model/data'), { recursive: true });
    await writeFile(join(root, 'secret.bin'), new Uint8Array(weights.buffer));
    await writeFile(join(root, 'model/data/w.bin'), new Uint8Array(weights.buffer));
    await symlink(join(root, 'secret.bin'), join(root, 'model/link.bin'));
    path = join(root, 'model/m.onnx');
  });
  afterEach(() => rm(root, { recursive: true }));

  it("are read from the model's folder, and exported inside the model", async () => {
    await writeFile(path, model('data/w.bin'));
    const trainer = await createTrainer(ort, path, options);
    expect((await trainer.parameters()).get('w')?.data).toEqual(weights.slice(2));
    const again = await createTrainer(ort, await trainer.exportModel(), options);
    expect(await again.parameters()).toEqual(await trainer.parameters());
    await Promise.all([trainer.dispose(), again.dispose()]);
  });

  it('are read from far inside a large file, and written back there', async () => {
    const far = 5 * 2 ** 30;
    const file = await open(join(root, 'model/data/large.bin'), 'w+');
    try {
      // A sparse file, which takes only a few blocks of the disk.
      await file.write(new Uint8Array(weights.buffer), 8, 12, far);
      const bytes = model('data/large.bin', { offset: String(far), length: '12' });
      await writeFile(path, bytes);
      const trainer = await createTrainer(ort, path, options);
      expect((await trainer.parameters()).get('w')?.data).toEqual(weights.slice(2));
      const batch = {
        x: new ort.Tensor('float32', Float32Array.of(1, 2, 3), [1, 3]),
        target: new ort.Tensor('float32', new Float32Array(3), [1, 3]),
      };
      await trainer.trainStep(batch, { lr: 0.1 });
      const exported = await trainer.exportModel({
        externalData: async (location, offset, part) => {
          expect(location).toBe('data/large.bin');
          await file.write(part, 0, part.length, offset);
        },
      });
      expect(exported).toEqual(bytes);
      const again = await createTrainer(ort, path, options);
      expect(await again.parameters()).toEqual(await trainer.parameters());
      expect((await again.parameters()).get('w')?.data).not.toEqual(weights.slice(2));
      await Promise.all([trainer.dispose(), again.dispose()]);
    } finally {
      await file.close();
    }
  });

  it('are written back as float16 if the file holds float16', async () => {
    const halfs = Uint16Array.of(0x3800, 0xbc00, 0x4000);
    const file = model('w.bin', { offset: '0', length: '6' });
    const { proto } = readModel(file);
    for (const tensor of proto.graph?.initializer ?? []) tensor.dataType = DataType.FLOAT16;
    for (const { type } of [...(proto.graph?.input ?? []), ...(proto.graph?.output ?? [])])
      if (type?.value.case === 'tensorType') type.value.value.elemType = DataType.FLOAT16;
    const externalData = (): Uint8Array => new Uint8Array(halfs.buffer);
    const trainer = await createTrainer(ort, writeModel(proto), { ...options, externalData });
    expect((await trainer.parameters()).get('w')?.data).toEqual(weights.slice(2));
    const parts: Uint8Array[] = [];
    await trainer.exportModel({
      externalData: (_, __, part) => {
        parts.push(part);
      },
    });
    expect(parts).toEqual([new Uint8Array(halfs.buffer)]);
    await trainer.dispose();
  });

  it('may exceed the 2 GiB limit of a model file, if they are large frozen matrices', async () => {
    const [width, layers] = [4096, 33];
    const size = 4 * width * width;
    // All layers share their elements, so that only one copy is in memory.
    const identity = new Float32Array(width * width);
    for (let i = 0; i < width; i++) identity[i * (width + 1)] = 1;
    const head = Float32Array.from({ length: width }, (_, i) => Math.sin(i) / 64);
    const outside = (name: string, location: string, dims: bigint[], offset: number, length: number) =>
      create(TensorProtoSchema, {
        ...{ name, dims, dataType: DataType.FLOAT, dataLocation: TensorProto_DataLocation.EXTERNAL },
        externalData: Object.entries({ location, offset: String(offset), length: String(length) }).map(
          ([key, value]) => create(StringStringEntryProtoSchema, { key, value }),
        ),
      });
    const names = Array.from({ length: layers }, (_, i) => `w${i}`);
    const file = makeModel({
      inputs: [{ name: 'x', type: DataType.FLOAT, dims: [1, width] }],
      outputs: [{ name: 'y', type: DataType.FLOAT, dims: [1, 1] }],
      tensors: [
        ...names.map((name, i) => outside(name, 'body.bin', [BigInt(width), BigInt(width)], i * size, size)),
        outside('head', 'head.bin', [BigInt(width), 1n], 0, 4 * width),
      ],
      nodes: [
        ...names.map((name, i) => ({
          ...{ op: 'MatMul', inputs: [i === 0 ? 'x' : `h${i - 1}`, name], outputs: [`h${i}`] },
        })),
        { op: 'MatMul', inputs: [`h${layers - 1}`, 'head'], outputs: ['y'] },
      ],
    });
    const trainer = await createTrainer(ort, file, {
      ...options,
      deterministic: true,
      trainable: (name) => name === 'head',
      externalData: (location) => {
        const { buffer } = location === 'head.bin' ? head : identity;
        return new Uint8Array(buffer);
      },
    });
    const x = new Float32Array(width).fill(0.5);
    const batch = {
      x: new ort.Tensor('float32', x, [1, width]),
      target: new ort.Tensor('float32', new Float32Array(1), [1, 1]),
    };
    const y = head.reduce((sum, value) => sum + 0.5 * value, 0);
    const { loss } = await trainer.trainStep(batch, { lr: 1e-4 });
    expect((await loss) / y ** 2).toBeCloseTo(1, 3);
    const written: [string, number, number][] = [];
    const exported = await trainer.exportModel({
      externalData: (location, offset, part) => {
        written.push([location, offset, part.length]);
      },
    });
    expect(exported).toEqual(file);
    expect(written).toEqual([['head.bin', 0, 4 * width]]);
    await expect(trainer.exportModel()).rejects.toThrow(/a model of less than 2 GiB .*\nReceived: 2.06 GiB/);
    await trainer.dispose();
  });

  it.each([
    '../secret.bin',
    'data/../../secret.bin',
    '/etc/passwd',
    'link.bin',
    'data\\w.bin',
    'C:w.bin',
    '',
    'data/missing.bin',
  ])('are never read from %j', async (location) => {
    await writeFile(path, model(location));
    await expect(createTrainer(ort, path, options)).rejects.toThrow(/\[clr\/onnx\] Expected/);
  });

  it.each([
    { offset: '-4' },
    { offset: '8', length: '400' },
    { offset: '9e99' },
    { offset: '8', length: '4' },
  ])('are never read at %j', async (extra) => {
    await writeFile(path, model('data/w.bin', extra));
    await expect(createTrainer(ort, path, options)).rejects.toThrow(/\[clr\/onnx\] Expected/);
  });

  it("are read through links in the cache of Hugging Face's hub", async () => {
    const [blobs, snapshot] = [join(root, 'hub/blobs'), join(root, 'hub/snapshots/main/onnx')];
    await mkdir(blobs, { recursive: true });
    await mkdir(snapshot, { recursive: true });
    await writeFile(join(blobs, 'a1'), model('model.onnx_data'));
    await writeFile(join(blobs, 'b2'), new Uint8Array(weights.buffer));
    await symlink('../../../blobs/a1', join(snapshot, 'model.onnx'));
    await symlink('../../../blobs/b2', join(snapshot, 'model.onnx_data'));
    const trainer = await createTrainer(ort, join(snapshot, 'model.onnx'), options);
    expect((await trainer.parameters()).get('w')?.data).toEqual(weights.slice(2));
    await trainer.dispose();
    // A link to a place outside both folders is still refused.
    await rm(join(snapshot, 'model.onnx_data'));
    await symlink(join(root, 'secret.bin'), join(snapshot, 'model.onnx_data'));
    await expect(createTrainer(ort, join(snapshot, 'model.onnx'), options)).rejects.toThrow('it is outside');
  });

  it('need the path of the model, or a function that returns them', async () => {
    await expect(createTrainer(ort, model('data/w.bin'), options)).rejects.toThrow(
      /Load the model by path, or pass `externalData`/,
    );
    const asked: unknown[] = [];
    const trainer = await createTrainer(ort, model('data/w.bin'), {
      ...options,
      externalData: async (location, offset, length = 12) => {
        asked.push([location, offset, length]);
        return new Uint8Array(weights.buffer, offset, length);
      },
    });
    expect(asked).toEqual([['data/w.bin', 8, 12]]);
    expect((await trainer.parameters()).get('w')?.data).toEqual(weights.slice(2));
    await trainer.dispose();
  });

  it.each([
    ['fails', () => Promise.reject(new Error('offline')), /"data\/w.bin".*\(offline\)/s],
    [
      'returns too few bytes',
      () => new Uint8Array(4),
      /Expected externalData to give 12 bytes.*\nReceived: 4 bytes/,
    ],
    ['returns too many bytes', () => new Uint8Array(20), /Received: 20 bytes/],
    ['returns a string', () => 'data' as unknown as Uint8Array, /Received: "data"/],
  ])('are refused if the function %s', async (_, externalData, message) => {
    await expect(createTrainer(ort, model('data/w.bin'), { ...options, externalData })).rejects.toThrow(
      message,
    );
  });

  it('must fill the tensor if their length is unknown', async () => {
    const externalData = (): Uint8Array => new Uint8Array(8);
    const file = model('w.bin', { offset: '0' });
    await expect(createTrainer(ort, file, { ...options, externalData })).rejects.toThrow(
      /tensor "w" to hold 3 elements/,
    );
  });
});
