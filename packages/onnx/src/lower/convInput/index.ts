import type { Row } from '../row.ts';
import { byConv } from './byConv.ts';
import { byConvTranspose } from './byConvTranspose.ts';
import { inBlocks } from './inBlocks.ts';

/** The input gradient of a convolution. */
export const convInputGrad: readonly Row[] = [inBlocks, byConv, byConvTranspose];
