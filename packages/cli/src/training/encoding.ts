import type { ImageEncoding, TableEncoding } from '@clr/data';

/** How data become numbers, as it is kept beside a model. */
export type Encoding = TableEncoding | ImageEncoding;
