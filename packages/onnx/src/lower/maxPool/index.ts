import type { Row } from '../row.ts';
import { byIndices } from './byIndices.ts';
import { byRows } from './byRows.ts';
import { byWindows } from './byWindows.ts';

/** The gradient of a max pool. */
export const maxPoolGrad: readonly Row[] = [byWindows, byRows, byIndices];
