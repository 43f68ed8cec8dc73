// Runs on every rank. Trains nets on all ranks together, and on rank 0 alone with the same examples. Prints the
// distance between the parameters, and whether all ranks have the same ones.
import { adam, type Optimizer, type Reduce, sgd } from '@clr/core';
import { type Batch, buildModel, createTrainer, type LayerSpec, type OnnxTrainer } from '@clr/onnx';
import * as ort from 'onnxruntime-node';
import { mpi } from '../src/index.ts';

const examples = 24;
const reduce = mpi();
const momentum = sgd({ momentum: 0.9 });

const batchOf = (from: number, to: number): Batch => ({
  input: new ort.Tensor(
    'float32',
    Float32Array.from({ length: 36 * (to - from) }, (_, i) => Math.sin(0.05 * (i + 36 * from) ** 2)),
    [to - from, 1, 6, 6],
  ),
  target: new ort.Tensor(
    'int64',
    BigInt64Array.from({ length: to - from }, (_, i) => BigInt((from + i) % 3)),
    [to - from],
  ),
});

/** The first example of each rank's share, and the end of the last share. */
const even = Array.from({ length: reduce.size + 1 }, (_, rank) =>
  Math.round((examples * rank) / reduce.size),
);
const uneven = even.map((cut, rank) => (rank === 0 || rank === reduce.size ? cut : cut - rank));

const cases: readonly {
  readonly name: string;
  readonly optimizer: Optimizer;
  readonly cuts: readonly number[];
  readonly layer?: LayerSpec;
  readonly clipNorm?: number;
}[] = [
  { name: 'SGD with momentum', optimizer: momentum, cuts: even },
  { name: 'Adam', optimizer: adam(), cuts: even },
  { name: 'uneven shares', optimizer: momentum, cuts: uneven },
  { name: 'dropout', optimizer: momentum, cuts: uneven, layer: { type: 'dropout', rate: 0.3 } },
  { name: 'batch normalisation', optimizer: momentum, cuts: uneven, layer: { type: 'batchNorm' } },
  { name: 'clipping by norm', optimizer: momentum, cuts: uneven, clipNorm: 0.3 },
];

async function trained(batch: Batch | readonly Batch[], trainer: OnnxTrainer): Promise<Float32Array> {
  for (let step = 0; step < 50; step++) {
    await (await trainer.trainStep(batch, { lr: 0.02 + 0.001 * (step % 7) })).loss;
  }
  const parameters = await trainer.parameters();
  await trainer.dispose();
  return Float32Array.from([...parameters.values()].flatMap(({ data }) => [...data]));
}

for (const { name, optimizer, cuts, layer, clipNorm } of cases) {
  const model = buildModel({
    input: [1, 6, 6],
    layers: [
      { type: 'conv2d', filters: 4, kernel: 3 },
      ...(layer ? [layer] : []),
      ...([{ type: 'tanh' }, { type: 'flatten' }, { type: 'dense', units: 3 }] as const),
    ],
  });
  const create = (more: { readonly reduce?: Reduce }) =>
    createTrainer(ort, model, {
      ...{ loss: 'crossEntropy', optimizer, deterministic: true, session: { intraOpNumThreads: 1 } },
      ...(clipNorm !== undefined && { clipNorm }),
      ...more,
    });
  const shares = cuts.slice(1).map((end, rank) => batchOf(cuts[rank]!, end));
  const own = await trained(shares[reduce.rank]!, await create({ reduce }));
  const first = own.slice();
  reduce.broadcast([first], 0);
  const same = reduce.all(Buffer.from(own.buffer).equals(Buffer.from(first.buffer)));
  if (reduce.rank > 0) continue;
  // Dropout masks and batch statistics depend on the shares.
  const whole = await trained(layer ? shares : batchOf(0, examples), await create({}));
  const apart = own.reduce((most, value, i) => Math.max(most, Math.abs(value - whole[i]!)), 0);
  console.log(
    `${name}: ${apart < 1e-6 ? 'within' : 'NOT WITHIN'} 1e-6, ranks ${same ? 'equal' : 'DIFFER'} (${apart})`,
  );
}
