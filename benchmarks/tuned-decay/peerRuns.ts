import { buildEvaluationModel, buildGradientModel } from '@clr/onnx';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { dAdaptAdam, dAdaptSgd } from './peers/dAdaptation.ts';
import { dog } from './peers/dog.ts';
import type { Peer } from './peers/peer.ts';
import { prodigy } from './peers/prodigy.ts';
import { scheduleFreeAdamW, scheduleFreeSgd } from './peers/scheduleFree.ts';
import { type Setting, seeds } from './settings.ts';
import { addRun, type Outcome, ofKind, readRuns } from './store.ts';
import { session, type Task } from './task.ts';
import { orderOf } from './trainUnder.ts';
import type { TaskOf } from './tunedRuns.ts';

export const peers: readonly Peer[] = [
  scheduleFreeSgd,
  dog,
  dAdaptSgd,
  scheduleFreeAdamW,
  prodigy,
  dAdaptAdam,
];

type Batch = Readonly<Record<string, Tensor>>;

/** Opens a net so that a peer can read its gradients and set its weights. */
async function openNet(task: Task) {
  const options = { loss: 'crossEntropy', optimizer: task.setting.optimizer, provider: 'cpu' } as const;
  const gradientModel = buildGradientModel(task.model, options);
  const evaluationModel = buildEvaluationModel(task.model, options);
  const [training, evaluation] = await Promise.all(
    [gradientModel, evaluationModel].map(({ bytes }) => InferenceSession.create(bytes, session)),
  );
  const state = gradientModel.state.map((tensor) => ({
    ...tensor,
    values: Float32Array.from(tensor.initial),
  }));
  const parameters = state.filter(({ role }) => role === 'parameters');
  const length = parameters.reduce((sum, { values }) => sum + values.length, 0);
  /** All weights as one vector. The input tensors are views of this vector. */
  const weights = new Float32Array(length);
  let offset = 0;
  for (const tensor of parameters) {
    weights.set(tensor.values, offset);
    tensor.values = weights.subarray(offset, offset + tensor.values.length);
    offset += tensor.values.length;
  }
  const feeds = (batch: Batch): Record<string, Tensor> => ({
    ...batch,
    ...Object.fromEntries(
      state.map(({ input, values }) => [input, new Tensor('float32', values, [values.length])]),
    ),
  });
  const gradient = new Float32Array(length);
  return {
    weights,
    gradient,
    batchNorm: state.some(({ role }) => role === 'buffers'),
    /** Fills `gradient`, updates the running statistics, and returns the loss. */
    async pass(batch: Batch): Promise<number> {
      const results = await training!.run(feeds(batch));
      let at = 0;
      for (const { name } of gradientModel.gradients!) {
        const part = results[name]!.data as Float32Array;
        gradient.set(part, at);
        at += part.length;
      }
      for (const tensor of state) {
        if (tensor.output && tensor.role === 'buffers')
          tensor.values.set(results[tensor.output]!.data as Float32Array);
      }
      return Number(results[gradientModel.loss!]!.data[0]);
    },
    async accuracy(batches: readonly Batch[]): Promise<number> {
      let [sum, count] = [0, 0];
      for (const batch of batches) {
        const size = batch.target!.size;
        const results = await evaluation!.run(feeds(batch), [evaluationModel.accuracy!]);
        sum += size * Number(results[evaluationModel.accuracy!]!.data[0]);
        count += size;
      }
      return Number((sum / count).toPrecision(5));
    },
    release: () => Promise.all([training!.release(), evaluation!.release()]),
  };
}

/** Trains with a peer for a whole budget, on the same batches as the seed's other runs, and scores the model. */
async function trainPeer(task: Task, peer: Peer): Promise<Outcome> {
  const { setting, seed, validation, test } = task;
  const net = await openNet(task);
  const { weights, gradient, batchNorm } = net;
  const state = peer.begin(weights, setting.budget, batchNorm);
  const batches = task.batches(orderOf(seed));
  let finite = true;
  for (let step = 0; step < setting.budget && finite; step++) {
    finite = Number.isFinite(await net.pass(batches.next().value));
    state.step(weights, gradient);
  }
  const answer = state.answer?.();
  if (answer) weights.set(answer);
  finite &&= weights.every(Number.isFinite);
  // The running statistics belong to the weights at which gradients were computed. The peer's final weights differ from
  // these, so measure the statistics again.
  for (let i = 0; i < 50 && answer && batchNorm && finite; i++) await net.pass(batches.next().value);
  const outcome = finite
    ? { validation: await net.accuracy(validation), test: await net.accuracy(test) }
    : { validation: 0, test: 0 };
  await net.release();
  return outcome;
}

export async function runPeers(setting: Setting, taskOf: TaskOf): Promise<void> {
  for (const peer of peers) {
    for (const seed of seeds) {
      const done = ofKind(readRuns(setting.name), 'peer').some(
        (run) => run.peer === peer.name && run.seed === seed,
      );
      if (done) continue;
      const outcome = await trainPeer(await taskOf(seed), peer);
      addRun(setting.name, { kind: 'peer', seed, peer: peer.name, ...outcome });
    }
  }
}
