import { describe, expect, it } from 'vitest';
import { avgPool, batchNorm, conv2d, dense, dropout, maxPool, network, relu } from '../index.ts';

describe('layers as plain data', () => {
  it('equal the layers that the factories make', () => {
    const input = [12, 12, 3] as const;
    const made = network({
      input,
      layers: [
        ...[conv2d({ filters: 4, kernel: 3 }), batchNorm(), relu(), maxPool({ size: 2 })],
        ...[avgPool({ size: 5 }), dropout({ rate: 0.5 }), dense({ units: 10 })],
      ],
      loss: 'crossEntropy',
    });
    const plain = network({
      input,
      // The same list makes an ONNX file with buildModel of @clr/onnx.
      layers: [
        ...[
          { type: 'conv2d', filters: 4, kernel: 3 } as const,
          { type: 'batchNorm' } as const,
          { type: 'relu' } as const,
        ],
        ...[{ type: 'maxPool', size: 2 } as const, { type: 'avgPool', size: 5 } as const],
        ...[{ type: 'dropout', rate: 0.5 } as const, { type: 'dense', units: 10 } as const],
      ],
      loss: 'crossEntropy',
    });
    expect(plain).toEqual(made);
  });

  it.each([
    [{ type: 'lstm', units: 3 }, 'the type of a layer to be one of dense'],
    [{ type: 'dense', unit: 3 }, 'Did you mean "units"?'],
    [undefined, 'type = undefined'],
  ])('refuses %j', (layer, message) => {
    expect(() => network({ input: [4], layers: [layer as never], loss: 'mse' })).toThrow(message);
  });
});
