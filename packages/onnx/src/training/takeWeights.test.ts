import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { makeModel } from '../../test/makeModel.ts';
import { DataType } from '../format/dataType.ts';
import { readModel, writeModel } from '../format/model.ts';
import type { GraphProto, ModelProto } from '../generated/onnx_pb.ts';
import { takeWeights } from './takeWeights.ts';

const width = 512;
const mebibyte = 2 ** 20;

/** Numbers between −0.1 and 0.1. */
const wave = (length: number, pace: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => 0.1 * Math.sin(pace * i));

/** Convolutions with kernels of one and two MiB, and a bias. */
function convolutions(): ModelProto {
  const kernel = (name: string, channels: number) => ({
    ...{ name, type: DataType.FLOAT, dims: [channels, width, 1, 1] },
    values: wave(channels * width, 0.7),
  });
  return readModel(
    makeModel({
      inputs: [{ name: 'x', type: DataType.FLOAT, dims: [1, width, 1, 1] }],
      outputs: [{ name: 'y', type: DataType.FLOAT, dims: undefined }],
      initializers: [
        kernel('one', width),
        kernel('two', 2 * width),
        { name: 'bias', type: DataType.FLOAT, dims: [2 * width], values: wave(2 * width, 3) },
      ],
      nodes: [
        { op: 'Conv', inputs: ['x', 'one'], outputs: ['h'] },
        { op: 'Conv', inputs: ['h', 'two', 'bias'], outputs: ['y'] },
      ],
    }),
  ).proto;
}

const graphOf = ({ graph }: ModelProto): GraphProto => graph as GraphProto;

describe('frozen kernels', () => {
  it('stay in the graph if it is not too large for a file', () => {
    const graph = graphOf(convolutions());
    expect(takeWeights(graph)).toEqual([]);
    expect(graph.initializer).toHaveLength(3);
  });

  it('give the same outputs when they are inputs', async () => {
    const proto = convolutions();
    const x = new ort.Tensor('float32', wave(width, 1), [1, width, 1, 1]);
    const answer = async (feeds: Record<string, ort.Tensor>): Promise<ort.Tensor> => {
      const session = await ort.InferenceSession.create(writeModel(proto));
      const { y } = await session.run(feeds);
      await session.release();
      return y as ort.Tensor;
    };
    const whole = await answer({ x });
    const fed = takeWeights(graphOf(proto), 2 * mebibyte).map(
      ({ name, rawData, dims }) =>
        [
          name,
          new ort.Tensor('float32', new Float32Array(rawData.slice().buffer), dims.map(Number)),
        ] as const,
    );
    const split = await answer({ x, ...Object.fromEntries(fed) });
    expect(split.dims).toEqual(whole.dims);
    (whole.data as Float32Array).forEach((value, i) => {
      expect(split.data[i]).toBeCloseTo(value, 4);
    });
  });

  it('become inputs, the largest first, until the other weights fit into a file', () => {
    const names = (limit: number): string[] =>
      takeWeights(graphOf(convolutions()), limit).map(({ name }) => name);
    expect(names(2 * mebibyte)).toEqual(['two']);
    expect(names(mebibyte)).toEqual(['two', 'one']);
    const graph = graphOf(convolutions());
    takeWeights(graph, 2 * mebibyte);
    expect(graph.input.map(({ name }) => name)).toEqual(['x', 'two']);
    expect(graph.initializer.map(({ name }) => name)).toEqual(['one', 'bias']);
  });
});
