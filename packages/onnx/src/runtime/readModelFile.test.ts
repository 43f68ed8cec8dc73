import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { sgd } from '@clr/core';
import * as ort from 'onnxruntime-node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeModel } from '../../test/makeModel.ts';
import { DataType } from '../format/dataType.ts';
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
    // A link out of both folders is still refused.
    await rm(join(snapshot, 'model.onnx_data'));
    await symlink(join(root, 'secret.bin'), join(snapshot, 'model.onnx_data'));
    await expect(createTrainer(ort, join(snapshot, 'model.onnx'), options)).rejects.toThrow('lies outside');
  });

  it('need a path, or a function that gives them', async () => {
    await expect(createTrainer(ort, model('data/w.bin'), options)).rejects.toThrow(
      /Load the model by its path, or pass `externalData`/,
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
    ['fails', () => Promise.reject(new Error('offline')), /"data\/w.bin" \(offline\)/],
    ['answers short', () => new Uint8Array(4), /Expected externalData to give 12 bytes.*\nReceived: 4 bytes/],
    ['answers long', () => new Uint8Array(20), /Received: 20 bytes/],
    ['gives no bytes', () => 'data' as unknown as Uint8Array, /Received: "data"/],
  ])('are refused where the function %s', async (_, externalData, message) => {
    await expect(createTrainer(ort, model('data/w.bin'), { ...options, externalData })).rejects.toThrow(
      message,
    );
  });

  it('of unknown length must fill the tensor', async () => {
    const externalData = (): Uint8Array => new Uint8Array(8);
    const file = model('w.bin', { offset: '0' });
    await expect(createTrainer(ort, file, { ...options, externalData })).rejects.toThrow(
      /tensor "w" to hold 3 elements/,
    );
  });
});
