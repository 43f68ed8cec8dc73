import type { ImageEncoding, TableEncoding } from '@clr/data';

/** How data become numbers, as stored beside a model. */
export type Encoding = TableEncoding | ImageEncoding;
