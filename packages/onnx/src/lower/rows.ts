import { batchNormGrad } from './batchNormGrad.ts';
import { channelsLast } from './channelsLast.ts';
import { convAsOneImage } from './conv/asOneImage.ts';
import { convInFilledBlocks } from './conv/filledBlocks.ts';
import { convInBlocks, convTransposeInBlocks } from './conv/inBlocks.ts';
import { convInputGrad } from './convInput/index.ts';
import { convWeightGrad } from './convWeight/index.ts';
import { isCorrect } from './isCorrect.ts';
import { maxPoolGrad } from './maxPool/index.ts';
import { reluGrad } from './relu.ts';
import { hiddenScales } from './resizeScales.ts';
import { roundedWeight } from './roundedWeight.ts';
import type { Row } from './row.ts';
import { straightThrough } from './straightThrough.ts';
import { batchNormInParts } from './webgpu/batchNorm.ts';
import { convFilledUp } from './webgpu/conv.ts';
import { transposedAsConv, withTwoOutputs } from './webgpu/convTranspose.ts';
import { logSoftmaxInParts } from './webgpu/logSoftmax.ts';
import { safeMath } from './webgpu/math.ts';
import { splitInGroups } from './webgpu/split.ts';

/**
 * All forms, tried in order. The last form of a private operator is the general one. It can write every node, and
 * serves every target for which there is no special form. An ONNX node without a form stays unchanged.
 */
export const rows: readonly Row[] = [
  // Private operators.
  ...reluGrad,
  ...maxPoolGrad,
  ...convInputGrad,
  ...convWeightGrad,
  ...batchNormGrad,
  ...isCorrect,
  ...channelsLast,
  straightThrough,
  roundedWeight,
  // ONNX operators.
  hiddenScales,
  convInBlocks as Row,
  convAsOneImage as Row,
  convInFilledBlocks as Row,
  convTransposeInBlocks as Row,
  convFilledUp,
  transposedAsConv as Row,
  withTwoOutputs as Row,
  splitInGroups as Row,
  batchNormInParts as Row,
  logSoftmaxInParts,
  ...safeMath,
];
