/** The kinds of work in a step. The rest are norms, activations, sums and the update of the weights. */
export const kinds = ['convolutions', 'products', 'pools', 'layout', 'the rest'] as const;
export type Kind = (typeof kinds)[number];

/** The kind of work that an operator of ONNX Runtime does. */
export function kindOfOnnx(operator: string): Kind {
  if (/^(Fused)?Conv(Transpose)?$/.test(operator)) return 'convolutions';
  if (/MatMul|Gemm/.test(operator)) return 'products';
  if (/Pool|ScatterElements/.test(operator)) return 'pools';
  const moves =
    /Reorder|Transpose|Reshape|^Pad$|Slice|Concat|Split|DepthToSpace|SpaceToDepth|Expand|queeze|Gather/;
  return moves.test(operator) ? 'layout' : 'the rest';
}

/** The kind of work that an operator of PyTorch does. */
export function kindOfTorch(operator: string): Kind {
  if (/conv/i.test(operator)) return 'convolutions';
  if (/addmm|::mm$|bmm|linear|matmul/i.test(operator)) return 'products';
  if (/pool/i.test(operator)) return 'pools';
  const moves = /copy_|transpose|reshape|view|::t$|as_strided|cat$|clone|contiguous|expand/;
  return moves.test(operator) ? 'layout' : 'the rest';
}
