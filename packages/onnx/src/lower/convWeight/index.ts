import type { Row } from '../row.ts';
import { byConv } from './byConv.ts';
import { byPositions } from './byPositions.ts';
import { byRows } from './byRows.ts';
import { depthwiseInBlocks } from './depthwiseInBlocks.ts';
import { inBlocks } from './inBlocks.ts';

/** The weight gradient of a convolution. */
export const convWeightGrad: readonly Row[] = [inBlocks, depthwiseInBlocks, byConv, byRows, byPositions];
