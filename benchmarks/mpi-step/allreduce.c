/* The time of one MPI_Allreduce in place, in milliseconds: the median of many, as mpi-step/worker.ts measures it. */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

int main(int argc, char **argv) {
  int rank, length = atoi(argv[1]), rounds = atoi(argv[2]);
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  float *vector = calloc(length, sizeof(float));
  double *times = malloc(rounds * sizeof(double));
  for (int i = 0; i < rounds; i++) {
    MPI_Barrier(MPI_COMM_WORLD);
    double start = MPI_Wtime();
    MPI_Allreduce(MPI_IN_PLACE, vector, length, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
    times[i] = 1000 * (MPI_Wtime() - start);
  }
  qsort(times, rounds, sizeof(double), ascending);
  if (rank == 0) printf("{\"milliseconds\": %f}\n", times[rounds / 2]);
  MPI_Finalize();
  return 0;
}
