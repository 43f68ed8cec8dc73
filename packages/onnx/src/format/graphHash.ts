import { toBinary } from '@bufbuild/protobuf';
import { type GraphProto, NodeProtoSchema } from '../generated/onnx_pb.ts';

/**
 * A hash of a graph's nodes: 16 hexadecimal digits, equal for two files with identical nodes (names and doc strings
 * included) in the same order. Weights and the order of initializers do not count. The hash is not cryptographic: it
 * tells models apart, but does not detect forgery.
 */
export function graphHash({ node }: Pick<GraphProto, 'node'>): string {
  // Two 32-bit multiplicative hashes (FNV-1a, with different primes) over the bytes of the nodes.
  let [a, b] = [0x811c9dc5, 0xc9dc5811];
  for (const each of node) {
    for (const byte of toBinary(NodeProtoSchema, each)) {
      a = Math.imul(a ^ byte, 0x01000193);
      b = Math.imul(b ^ byte, 0x85ebca6b);
    }
    b = (b << 13) | (b >>> 19);
  }
  return [a, b].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('');
}
