import { DataType } from '../format/dataType.ts';
import { shaped } from '../graph/infer.ts';
import type { Operator, Operators } from '../graph/operator.ts';

const likeInput = (type: number): Operator => ({ infer: shaped((_node, dims) => dims, type) });

/**
 * Preprocessing operators of scikit-learn, which may precede a network. Only their shapes are inferred. Gradients do
 * not pass through them.
 */
export const sklearn: Operators = {
  'ai.onnx.ml:Scaler': likeInput(DataType.FLOAT),
  'ai.onnx.ml:Normalizer': likeInput(DataType.FLOAT),
  'ai.onnx.ml:Imputer': { infer: shaped((_node, dims) => dims) },
  'ai.onnx.ml:Binarizer': { infer: shaped((_node, dims) => dims) },
};
