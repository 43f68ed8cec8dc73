import { create } from '@bufbuild/protobuf';
import { DataType } from '../format/dataType.ts';
import { writeModel } from '../format/model.ts';
import {
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
} from '../generated/onnx_pb.ts';
import { declaration } from '../graph/declaration.ts';
import { blockedDomain } from '../lower/blocks.ts';
import type { InferenceSession, Ort } from './ort.ts';

/**
 * A model that converts 4 channels to NCHWc. The runtime pads them to a whole block, so the result shows the block
 * size.
 */
const probe = (): Uint8Array =>
  writeModel(
    create(ModelProtoSchema, {
      irVersion: 8n,
      opsetImport: ['', blockedDomain].map((domain) =>
        create(OperatorSetIdProtoSchema, { domain, version: domain === '' ? 18n : 1n }),
      ),
      producerName: 'clr',
      graph: create(GraphProtoSchema, {
        name: 'channelBlock',
        node: [
          create(NodeProtoSchema, {
            opType: 'ReorderInput',
            domain: blockedDomain,
            input: ['x'],
            output: ['y'],
          }),
        ],
        input: [declaration('x', DataType.FLOAT, [1, 4, 1, 1])],
        output: [declaration('y', DataType.FLOAT, undefined)],
      }),
    }),
  );

async function ask({ InferenceSession, Tensor }: Ort): Promise<number> {
  const session = await InferenceSession.create(probe(), { logSeverityLevel: 4, intraOpNumThreads: 1 });
  const { y } = await session.run({ x: new Tensor('float32', new Float32Array(4), [1, 4, 1, 1]) });
  await session.release();
  const block = y?.dims[1];
  return block === 8 || block === 16 ? block : 1;
}

const asked = new WeakMap<Ort, Promise<number>>();

/** Whether a session runs only on the CPU, in Node. */
export function isCpuInNode(
  ort: Ort,
  { executionProviders = ['cpu'] }: InferenceSession.SessionOptions,
): boolean {
  const onCpu = executionProviders.every((one) => (typeof one === 'object' ? one.name : one) === 'cpu');
  return onCpu && ort.env?.versions?.node !== undefined;
}

/**
 * The number of channels in an NCHWc block, for a session on the CPU in Node. It is 1 if the runtime has no such
 * layout, or if the session's optimisation level is too low for the runtime to change layouts itself.
 */
export async function channelBlockOf(ort: Ort, session: InferenceSession.SessionOptions): Promise<number> {
  const { graphOptimizationLevel = 'all' } = session;
  const whole = graphOptimizationLevel === 'all' || graphOptimizationLevel === 'layout';
  if (!whole || !isCpuInNode(ort, session)) return 1;
  const answer = asked.get(ort) ?? ask(ort).catch(() => 1);
  asked.set(ort, answer);
  return answer;
}
