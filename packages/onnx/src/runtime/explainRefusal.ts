import { fromBinary } from '@bufbuild/protobuf';
import type { ClrError } from '@clr/core';
import { fail, messageOf } from '../errors.ts';
import { describeNode, originOf } from '../format/describeNode.ts';
import { purposeOf } from '../format/purpose.ts';
import { ModelProtoSchema, type NodeProto } from '../generated/onnx_pb.ts';
import { targetCheck } from '../loss/checkTarget.ts';

/**
 * The texts that can precede a node's name in ONNX Runtime's messages. Fused nodes and nodes in another layout have
 * longer names: `clr/Conv_3_nchwc`, `clr/MatMul_5/MatMulAddFusion`.
 */
const openings = ["'", '("', '(', '] '];

/** The length of a node's name in a message. It is 0 if the message does not name the node. */
function named(message: string, name: string): number {
  const ends = (at: number): boolean => /^['")\]/_, ]?$/.test(message.slice(at, at + 1));
  const found =
    name !== '' &&
    openings.some((opening) => {
      const at = message.indexOf(`${opening}${name}`);
      return at >= 0 && ends(at + opening.length + name.length);
    });
  return found ? name.length : 0;
}

/** The node that a message of the runtime names. If several match, the one with the longest name. */
function refusedNode(nodes: readonly NodeProto[], message: string): NodeProto | undefined {
  // If a node breaks a rule of its operator, the message also lists the node's inputs and outputs, which may have the
  // names of other nodes. So identify the node by its output.
  const output = /In Node, \(.* -> \("([^"]*)"/s.exec(message)?.[1];
  const written = output && nodes.find((node) => node.output.includes(output));
  if (written) return written;
  let found: NodeProto | undefined;
  let longest = 0;
  for (const node of nodes) {
    const length = Math.max(named(message, node.name), ...node.output.map((name) => named(message, name)));
    if (length <= longest) continue;
    longest = length;
    found = node;
  }
  return found;
}

const nodeOf = (bytes: Uint8Array, message: string): NodeProto | undefined =>
  refusedNode(fromBinary(ModelProtoSchema, bytes).graph?.node ?? [], message);

/** The context of a call that the runtime may refuse. */
export interface Refused {
  /** The model that the runtime was given. */
  readonly bytes: Uint8Array;
  readonly expected: string;
  readonly advice: string;
  /** Makes a session of the original model. If the runtime refuses that too, clr's nodes are not to blame. */
  readonly source?: () => Promise<{ release(): Promise<void> }>;
}

/** The runtime's error for the original model. It is `undefined` if the runtime accepts that model. */
async function refusedAlone(source: Refused['source']): Promise<unknown> {
  try {
    await (await source?.())?.release();
    return undefined;
  } catch (cause) {
    return cause;
  }
}

/**
 * Turns the runtime's refusal into an error that says whether the refused node is the user's own, or for which of the
 * user's nodes clr wrote it.
 */
export function explainRefusal(cause: unknown, { bytes, expected, advice }: Refused): ClrError {
  const message = messageOf(cause);
  const node = nodeOf(bytes, message);
  if (!node) return fail(expected, message, advice, { cause });
  if (purposeOf(node) === targetCheck) {
    return fail(
      'a target with the shape of the output',
      'a target with another number of examples, or with other sizes',
      'Pass one target for each example of the batch.',
      { cause },
    );
  }
  const received = `${message}\nONNX Runtime refused ${describeNode(node)}.`;
  if (purposeOf(node) === undefined) return fail(expected, received, advice, { cause });
  return fail(
    'ONNX Runtime to run the nodes that clr adds to the model',
    received,
    `The node is not in your model: clr wrote it for ${originOf(node)}. If the shapes that the model declares are right, freeze the weights before it with \`trainable\`, choose other execution providers in \`session\`, or export the model in float32 or with another opset.`,
    { cause },
  );
}

/** Awaits a call of the runtime and explains a refusal. */
export async function orExplained<T>(work: Promise<T>, refused: Refused): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    const { bytes, advice, source } = refused;
    const node = nodeOf(bytes, messageOf(cause));
    const own = node && purposeOf(node) !== undefined ? await refusedAlone(source) : undefined;
    if (own === undefined) throw explainRefusal(cause, refused);
    const received = `${messageOf(own)}\nONNX Runtime refuses the original model, too.`;
    throw fail('a model that ONNX Runtime loads', received, advice, { cause: own });
  }
}
