import { sgd } from '@clr/core';
import { describe, expect, it } from 'vitest';
import { makeModel } from '../../test/makeModel.ts';
import { DataType } from '../format/dataType.ts';
import { buildTrainingModel, type TrainingOptions } from '../index.ts';

const float = DataType.FLOAT;

/** y = clip((x·w + free)^exponent + round(rounded), low). All but x are initializers. `lost` reaches no output. */
const model = makeModel({
  inputs: [{ name: 'x', type: float, dims: [2, 3] }],
  outputs: [{ name: 'y', type: float, dims: [2, 3] }],
  initializers: [
    { name: 'w', type: float, dims: [3], values: [1, 2, 3] },
    { name: 'free', type: float, dims: [], values: [0.5] },
    { name: 'exponent', type: float, dims: [], values: [2] },
    { name: 'low', type: float, dims: [], values: [0] },
    { name: 'lost', type: float, dims: [3], values: [1, 1, 1] },
    { name: 'rounded', type: float, dims: [3], values: [1, 1, 1] },
  ],
  nodes: [
    { op: 'Mul', inputs: ['x', 'w'], outputs: ['m'] },
    { op: 'Add', inputs: ['m', 'free'], outputs: ['a'] },
    { op: 'Pow', inputs: ['a', 'exponent'], outputs: ['p'] },
    { op: 'Round', inputs: ['rounded'], outputs: ['r'] },
    { op: 'Add', inputs: ['p', 'r'], outputs: ['s'] },
    { op: 'Clip', inputs: ['s', 'low'], outputs: ['y'] },
  ],
});

const trained = (more: Partial<TrainingOptions> = {}): string[] =>
  buildTrainingModel(model, { loss: 'mse', optimizer: sgd(), ...more }).state.flatMap(({ role, parts }) =>
    role === 'parameters' ? parts.map(({ name }) => name) : [],
  );

describe('the selection of parameters', () => {
  it('takes float initializers that reach the loss with a nonzero derivative, except exponents and bounds', () => {
    expect(trained()).toEqual(['w', 'free']);
  });

  it('excludes scalars that exporters made for formulas, but no weights', () => {
    const names = ['gelu/add/x:0', 'onnx::Mul_12', 'const_fold_opt__3', 'val_7', '/Constant_output_0', '45'];
    const weights = ['logit_scale', 'block.1.alpha', 'model/dense/gamma/ReadVariableOp:0', 'onnx::Add_3'];
    const operands = [...names, ...weights];
    const formula = makeModel({
      inputs: [{ name: 'x', type: float, dims: [2, 3] }],
      outputs: [{ name: 'y', type: float, dims: [2, 3] }],
      initializers: operands.map((name) => ({
        name,
        type: float,
        // The last operand is the bias of one unit.
        dims: name === 'onnx::Add_3' ? [1] : [],
        values: [0.5],
      })),
      nodes: operands.map((name, i) => ({
        op: i % 2 ? 'Mul' : 'Add',
        inputs: [i === 0 ? 'x' : `v${i - 1}`, name],
        outputs: [i === operands.length - 1 ? 'y' : `v${i}`],
      })),
    });
    const { state } = buildTrainingModel(formula, { loss: 'mse', optimizer: sgd() });
    expect(state[0]?.parts.map(({ name }) => name)).toEqual(weights);
    const all = buildTrainingModel(formula, { loss: 'mse', optimizer: sgd(), trainable: () => true });
    expect(all.state[0]?.parts).toHaveLength(operands.length);
  });

  it('takes the tensors that `trainable` chooses, even exponents', () => {
    expect(trained({ trainable: (name) => name === 'w' })).toEqual(['w']);
    expect(trained({ trainable: () => true })).toEqual(['w', 'free', 'exponent', 'low']);
  });

  it('refuses a tensor that `trainable` names but no gradient reaches', () => {
    const named = (...chosen: string[]): (() => unknown) => {
      return () => trained({ trainable: (name) => chosen.includes(name) });
    };
    expect(named('w', 'lost')).toThrow(/"lost": no node reads it/);
    expect(named('w', 'rounded')).toThrow(/"rounded": the derivative of input 0 of node "r" \(Round\) is 0/);
    expect(named('w', 'low')).not.toThrow();
  });

  it('never takes a running statistic, even if it is cast or reshaped first', () => {
    const statistics = ['mean', 'variance'].map((name) => ({
      name,
      type: float,
      dims: [3],
      values: [1, 1, 1],
    }));
    const normal = (mean: string): Uint8Array =>
      makeModel({
        inputs: [{ name: 'x', type: float, dims: [2, 3] }],
        outputs: [{ name: 'y', type: float, dims: [2, 3] }],
        initializers: [
          { name: 'scale', type: float, dims: [3], values: [1, 2, 3] },
          { name: 'bias', type: float, dims: [3], values: [1, 1, 1] },
          { name: 'other', type: float, dims: [3], values: [1, 1, 1] },
          ...statistics,
          { name: 'one', type: DataType.INT64, dims: [1], values: [3] },
          { name: 'once', type: DataType.INT64, dims: [1], values: [1] },
        ],
        nodes: [
          { op: 'Identity', inputs: ['bias'], outputs: ['same'] },
          { op: 'Cast', inputs: ['mean'], outputs: ['half'], attributes: { to: DataType.FLOAT16 } },
          { op: 'Cast', inputs: ['half'], outputs: ['cast'], attributes: { to: float } },
          { op: 'Reshape', inputs: ['mean', 'one'], outputs: ['row'] },
          { op: 'Expand', inputs: ['row', 'one'], outputs: ['expanded'] },
          { op: 'Tile', inputs: ['expanded', 'once'], outputs: ['tiled'] },
          { op: 'BatchNormalization', inputs: ['x', 'scale', 'bias', mean, 'variance'], outputs: ['n'] },
          { op: 'Mul', inputs: ['n', 'other'], outputs: ['y'] },
        ],
      });
    const of = (mean: string, trainable?: (name: string) => boolean): string[] | undefined =>
      buildTrainingModel(normal(mean), {
        loss: 'mse',
        optimizer: sgd(),
        ...(trainable ? { trainable } : {}),
      }).state[0]?.parts.map(({ name }) => name);
    expect(of('mean')).toEqual(['scale', 'bias', 'other']);
    expect(of('mean', (name) => name !== 'other')).toEqual(['scale', 'bias']);
    expect(of('same')).toEqual(['scale', 'bias', 'other']);
    expect(of('cast')).toEqual(['scale', 'bias', 'other']);
    expect(of('tiled')).toEqual(['scale', 'bias', 'other']);
  });

  it('refuses a parameter that its operator ignores in the chosen mode', () => {
    const mirrored = makeModel({
      inputs: [{ name: 'x', type: float, dims: [4] }],
      outputs: [{ name: 'y', type: float, dims: [6] }],
      initializers: [
        { name: 'pads', type: DataType.INT64, dims: [2], values: [1, 1] },
        { name: 'fill', type: float, dims: [], values: [0.5] },
        { name: 'w', type: float, dims: [1], values: [2] },
      ],
      nodes: [
        { op: 'Pad', inputs: ['x', 'pads', 'fill'], outputs: ['p'], attributes: { mode: 'reflect' } },
        { op: 'Mul', inputs: ['p', 'w'], outputs: ['y'] },
      ],
    });
    expect(() =>
      buildTrainingModel(mirrored, { loss: 'mse', optimizer: sgd(), trainable: (name) => name === 'fill' }),
    ).toThrow(/"fill": the derivative of the loss is 0 everywhere/);
  });

  it('refuses a parameter that determines the ratio of a Dropout in training mode', () => {
    const dropout = makeModel({
      inputs: [{ name: 'x', type: float, dims: [2, 3] }],
      outputs: [{ name: 'y', type: float, dims: [2, 3] }],
      initializers: [
        { name: 'p', type: float, dims: [], values: [0.3] },
        { name: 'on', type: DataType.BOOL, dims: [], values: [1] },
      ],
      nodes: [
        { op: 'Sigmoid', inputs: ['p'], outputs: ['ratio'] },
        { op: 'Dropout', inputs: ['x', 'ratio', 'on'], outputs: ['d'], name: 'drop' },
        { op: 'Mul', inputs: ['d', 'p'], outputs: ['y'] },
      ],
    });
    expect(() => buildTrainingModel(dropout, { loss: 'mse', optimizer: sgd() })).toThrow(
      /node "drop" \(Dropout.*\): no gradient for its input 1 \("ratio"\)/,
    );
  });

  it('stores parameters with different multipliers in separate vectors', () => {
    const { state } = buildTrainingModel(model, {
      loss: 'mse',
      optimizer: sgd(),
      groups: [{ match: (name) => name === 'free', lrScale: 2 }],
    });
    const groups = state.filter(({ role }) => role === 'parameters');
    expect(groups.map(({ parts }) => parts.map(({ name }) => name))).toEqual([['w'], ['free']]);
  });
});
