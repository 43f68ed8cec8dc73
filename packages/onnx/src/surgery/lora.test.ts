import { adam } from '@clr/core';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { makeModel } from '../../test/makeModel.ts';
import { oracleModel } from '../../test/oracle.ts';
import { distance, runModel, waves } from '../../test/runModel.ts';
import { DataType } from '../format/dataType.ts';
import { readSafetensors, writeSafetensors } from '../format/safetensors.ts';
import { createTrainer, describeModel } from '../index.ts';
import { addLora } from './addLora.ts';
import { describeHead } from './describeHead.ts';
import { freezeBatchNorm } from './freezeBatchNorm.ts';
import { isLora } from './isLora.ts';
import { loadLora } from './loadLora.ts';
import { mergeLora } from './mergeLora.ts';
import { replaceHead } from './replaceHead.ts';
import { saveLora } from './saveLora.ts';

const { FLOAT, INT64, INT8 } = DataType;

type Feeds = Record<string, ort.Tensor>;

/** Trains the adapters for a few steps, so that B is no longer zero. */
async function trained(model: Uint8Array, batch: Feeds, loss: 'crossEntropy' | 'mse'): Promise<Uint8Array> {
  const trainer = await createTrainer(ort, model, { loss, optimizer: adam(), trainable: isLora });
  for (let step = 0; step < 5; step++) await (await trainer.trainStep(batch, { lr: 0.01 })).loss;
  const result = await trainer.exportModel();
  await trainer.dispose();
  return result;
}

const names = ['mlp', 'lenet', 'cifar-quick', 'bn-frozen', 'resnet-mini', 'encoder', 'regressor'];

describe('addLora and mergeLora', () => {
  it('adapt a 4-bit weight, and refuse to merge into it', async () => {
    const float = FLOAT;
    const model = makeModel({
      domains: { 'com.microsoft': 1 },
      inputs: [{ name: 'x', type: float, dims: ['{batch}', 32] }],
      outputs: [{ name: 'y', type: float, dims: ['{batch}', 3] }],
      initializers: [
        {
          name: 'body.weight_Q4',
          type: DataType.UINT8,
          dims: [6, 2, 8],
          values: Array.from({ length: 96 }, (_, i) => (37 * i) % 256),
        },
        {
          name: 'scales',
          type: float,
          dims: [12],
          values: Array.from({ length: 12 }, (_, i) => 0.02 + i / 500),
        },
        {
          name: 'head.weight',
          type: float,
          dims: [6, 3],
          values: Array.from({ length: 18 }, (_, i) => Math.sin(i)),
        },
      ],
      nodes: [
        {
          op: 'MatMulNBits',
          domain: 'com.microsoft',
          inputs: ['x', 'body.weight_Q4', 'scales'],
          outputs: ['h'],
          attributes: { K: 32, N: 6, bits: 4, block_size: 16 },
        },
        { op: 'MatMul', inputs: ['h', 'head.weight'], outputs: ['y'] },
      ],
    });
    const batch = {
      x: waves([4, 32], 0.3),
      target: new ort.Tensor('int64', BigInt64Array.of(0n, 1n, 2n, 1n), [4]),
    };
    const adapted = addLora(model, { rank: 2 });
    const weights = describeModel(adapted).weights.filter(({ name }) => isLora(name));
    expect(weights.map(({ dims }) => dims)).toEqual([
      [2, 32],
      [6, 2],
    ]);
    const [before, at0] = await Promise.all([model, adapted].map((each) => runModel(each, { x: batch.x })));
    expect(distance(before!.y!, at0!.y!)).toBeLessThan(1e-5);
    const after = await runModel(await trained(adapted, batch, 'crossEntropy'), { x: batch.x });
    expect(distance(after.y!, before!.y!)).toBeGreaterThan(1e-3);
    expect(() => mergeLora(adapted)).toThrow(/stores as floats[\s\S]*MatMulNBits/);
  });

  it.each(names)('adapt every layer of %s, and give the same outputs after merging', async (name) => {
    const { bytes, batches, loss } = oracleModel(name);
    const onnx = freezeBatchNorm(bytes);
    const batch = { ...batches[0]! };
    const model = addLora(onnx, { rank: 3, alpha: 6, targets: () => true });
    const [before, at0] = await Promise.all([onnx, model].map((each) => runModel(each, batch)));
    expect(distance(before!.output!, at0!.output!)).toBeLessThan(1e-6);
    const adapted = await trained(model, batch, loss);
    const merged = mergeLora(adapted);
    expect(
      describeModel(merged)
        .weights.map((weight) => weight.name)
        .filter(isLora),
    ).toEqual([]);
    const [beside, inside] = await Promise.all([adapted, merged].map((each) => runModel(each, batch)));
    expect(distance(beside!.output!, inside!.output!)).toBeLessThan(1e-6);
    expect(distance(beside!.output!, before!.output!)).toBeGreaterThan(1e-3);
    // Frozen weights keep their bits.
    const [old, now] = [model, adapted].map(
      (each) => readSafetensors(saveLora(each, { and: () => true }).adapter).tensors,
    );
    for (const [key, { data }] of old!) if (!isLora(key)) expect(now!.get(key)?.data).toEqual(data);
  });

  const embedding = makeModel({
    inputs: [{ name: 'ids', type: INT64, dims: ['{n}', 3] }],
    outputs: [{ name: 'output', type: FLOAT, dims: ['{n}', 3, 5] }],
    initializers: [
      { name: 'words.weight', type: FLOAT, dims: [7, 5], values: waves([35]).data as Float32Array },
    ],
    nodes: [{ op: 'Gather', inputs: ['words.weight', 'ids'], outputs: ['output'] }],
  });

  it('adapt an embedding, and give the same outputs after merging', async () => {
    const ids = new ort.Tensor('int64', BigInt64Array.of(0n, 3n, 6n, 3n, 2n, 1n), [2, 3]);
    const model = addLora(embedding, { rank: 2, targets: ['words'] });
    const adapted = await trained(model, { ids, target: waves([2, 3, 5], 0.3) }, 'mse');
    const [beside, inside] = await Promise.all(
      [adapted, mergeLora(adapted)].map((each) => runModel(each, { ids })),
    );
    expect(distance(beside!.output!, inside!.output!)).toBeLessThan(1e-6);
    const { tensors } = readSafetensors(saveLora(adapted).adapter);
    expect([...tensors].map(([name, { dims }]) => [name, dims])).toEqual([
      ['base_model.model.words.lora_embedding_A', [2, 7]],
      ['base_model.model.words.lora_embedding_B', [5, 2]],
    ]);
  });

  it('adapt integer weights, and refuse to merge into them', async () => {
    const quantised = makeModel({
      inputs: [{ name: 'x', type: FLOAT, dims: ['{n}', 4] }],
      outputs: [{ name: 'output', type: FLOAT, dims: ['{n}', 4] }],
      initializers: [
        { name: 'fc.weight', type: INT8, dims: [4, 4], values: Array.from({ length: 16 }, (_, i) => i - 8) },
        { name: 'scale', type: FLOAT, dims: [], values: [0.1] },
      ],
      nodes: [
        { op: 'DequantizeLinear', inputs: ['fc.weight', 'scale'], outputs: ['wide'] },
        { op: 'MatMul', inputs: ['x', 'wide'], outputs: ['output'] },
      ],
    });
    const batch = { x: waves([2, 4]), target: waves([2, 4], 0.2) };
    const adapted = await trained(addLora(quantised, { rank: 1, targets: ['fc'] }), batch, 'mse');
    const [before, after] = await Promise.all([quantised, adapted].map((each) => runModel(each, batch)));
    expect(distance(before!.output!, after!.output!)).toBeGreaterThan(1e-3);
    expect(() => mergeLora(adapted)).toThrow(/weights that the file stores as floats.*DequantizeLinear/s);
  });

  it('adapt every layer but the head by default, with PEFT’s shapes', () => {
    const { bytes: onnx } = oracleModel('encoder');
    const { config, adapter } = saveLora(addLora(onnx, { rank: 4, alpha: 8 }));
    expect(config.target_modules).toEqual(['qkv', 'o', 'f1', 'f2']);
    const shapes = [...readSafetensors(adapter).tensors].map(([name, { dims }]) => [name, dims]);
    expect(shapes.slice(0, 2)).toEqual([
      ['base_model.model.qkv.lora_A.weight', [4, 16]],
      ['base_model.model.qkv.lora_B.weight', [48, 4]],
    ]);
    const convolutional = addLora(oracleModel('lenet').bytes, { rank: 2, targets: /^3$/ });
    expect(
      [...readSafetensors(saveLora(convolutional).adapter).tensors.values()].map(({ dims }) => dims),
    ).toEqual([
      [2, 4, 5, 5],
      [8, 2, 1, 1],
    ]);
  });

  it('adapt no head of a model with several outputs by default', () => {
    const weight = (name: string, dims: readonly number[]) => ({
      ...{ name, type: FLOAT, dims },
      values: Array.from({ length: dims[0]! * dims[1]! }, (_, i) => Math.sin(i)),
    });
    const model = makeModel({
      inputs: [{ name: 'x', type: FLOAT, dims: ['{n}', 4] }],
      outputs: [
        { name: 'y', type: FLOAT, dims: ['{n}', 3] },
        { name: 'z', type: FLOAT, dims: ['{n}', 1] },
      ],
      initializers: [weight('body.weight', [4, 5]), weight('y.weight', [5, 3]), weight('z.weight', [5, 1])],
      nodes: [
        { op: 'MatMul', inputs: ['x', 'body.weight'], outputs: ['h'] },
        { op: 'MatMul', inputs: ['h', 'y.weight'], outputs: ['y'] },
        { op: 'MatMul', inputs: ['h', 'z.weight'], outputs: ['z'] },
      ],
    });
    expect(saveLora(addLora(model, { rank: 1 })).config.target_modules).toEqual(['body']);
  });

  it('adapt every layer that a pattern with the flag g matches', () => {
    const { bytes: onnx } = oracleModel('mlp');
    const found = [/./, /./g].map(
      (targets) => saveLora(addLora(onnx, { rank: 1, targets })).config.target_modules,
    );
    expect(found[1]).toEqual(found[0]);
    expect(found[0]).toHaveLength(3);
  });

  it('refuse unknown targets, and a second set of adapters', () => {
    const { bytes: onnx } = oracleModel('mlp');
    expect(() => addLora(onnx, { rank: 2, targets: ['query'] })).toThrow(
      /targets among the layers.*"0" of node "\/0\/Gemm"/s,
    );
    expect(() => addLora(onnx, { rank: 2, targets: ['0', 'query'] })).toThrow(
      '"query", which matches no such layer',
    );
    expect(() => addLora(onnx, { rank: 2, targets: 'query' as never })).toThrow(
      'targets to be a list of names',
    );
    expect(() => addLora(onnx, { rank: 0 })).toThrow('rank = 0');
    expect(() => addLora(onnx, { rank: 2, alpha: -1 })).toThrow('alpha = -1');
    expect(() => addLora(addLora(onnx, { rank: 2 }), { rank: 2 })).toThrow('a model without adapters');
    expect(() => mergeLora(onnx)).toThrow('a model with adapters');
    expect(() => saveLora(onnx)).toThrow('a model with adapters');
  });
});

describe('saveLora and loadLora', () => {
  it('transfer adapters and a head from one copy of a model to another', async () => {
    const { bytes: onnx, batches } = oracleModel('encoder');
    const batch = { ...batches[0]! };
    const head = describeHead(onnx);
    const isHead = (name: string): boolean => name === head.weight || name === head.bias;
    const model = addLora(replaceHead(onnx, { classes: 5, seed: 3 }), { rank: 4, alpha: 8 });
    const adapted = await trained(model, batch, 'crossEntropy');
    const { adapter, config } = saveLora(adapted, { and: isHead });
    expect(config.modules_to_save).toEqual(['c']);
    const loaded = loadLora(replaceHead(onnx, { classes: 5 }), adapter);
    const [a, b] = await Promise.all([adapted, loaded].map((each) => runModel(each, batch)));
    expect(b!.output!.data).toEqual(a!.output!.data);
  });

  it('find modules whose names have an additional prefix, and require alpha from PEFT’s configuration', () => {
    const { bytes: onnx } = oracleModel('mlp');
    const tensors = new Map([
      ['base_model.model.net.0.lora_A.weight', { dims: [2, 20], data: new Float32Array(40).fill(1) }],
      ['base_model.model.net.0.lora_B.weight', { dims: [32, 2], data: new Float32Array(64).fill(2) }],
    ]);
    const file = writeSafetensors(tensors, { format: 'pt' });
    expect(() => loadLora(onnx, file)).toThrow('PEFT keeps it in adapter_config.json');
    const { config, adapter } = saveLora(loadLora(onnx, file, { alpha: 4 }));
    expect([config.r, config.lora_alpha, config.target_modules]).toEqual([2, 4, ['0']]);
    expect(readSafetensors(adapter).tensors.get('base_model.model.0.lora_B.weight')?.data[0]).toBe(2);
  });

  it('refuse files for another model or in another format', () => {
    const { adapter } = saveLora(addLora(oracleModel('encoder').bytes, { rank: 4 }));
    expect(() => loadLora(oracleModel('mlp').bytes, adapter)).toThrow('a layer "qkv" in the model');
    expect(() => loadLora(oracleModel('mlp').bytes, new Uint8Array(3))).toThrow(
      'the bytes of a safetensors file',
    );
    expect(() => loadLora(oracleModel('mlp').bytes, adapter.subarray(0, 200))).toThrow('a header of');
  });
});
