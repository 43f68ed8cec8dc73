export { type Mpi, type MpiOptions, mpi } from './mpi.ts';
export { type ShareOptions, shareOfEpoch } from './shareOfEpoch.ts';
