import { ints } from '../../format/attributes.ts';
import type { NodeProto } from '../../generated/onnx_pb.ts';
import type { Graph } from '../../graph/graph.ts';
import { inputOf } from '../../graph/infer.ts';
import { type Window, windowOf } from '../../graph/window.ts';

/** The window of a pool, or of a pool's gradient. */
export function windowOfPool(node: NodeProto, graph: Graph): Window {
  return windowOf(node, graph, ints(node, 'kernel_shape') ?? []);
}

/** The pool that a `clr:MaxPoolGrad` differentiates. */
export function poolOf(node: NodeProto, graph: Graph): NodeProto {
  const pool = graph.producer(inputOf(node, 1));
  if (pool?.opType !== 'MaxPool') throw new Error(`no MaxPool makes ${inputOf(node, 1)}`);
  return pool;
}
