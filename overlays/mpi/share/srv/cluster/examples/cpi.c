/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Pi, by all processes together.  It is the area below 4 / (1 + x * x) for x from 0 to 1: that is
 * cut into strips, and each process adds up every SIZE-th of them.
 *
 *   cpi [STRIPS]
 */
#include <math.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

/* The strips of one process: FIRST, FIRST + STEP, … */
static double sum_strips(long first, long step, long strips)
{
	double width = 1.0 / (double)strips, sum = 0;
	for (long i = first; i < strips; i += step) {
		double x = ((double)i + 0.5) * width; /* the middle of the strip */
		sum += 4.0 / (1.0 + x * x);
	}
	return sum * width;
}

int main(int argc, char **argv)
{
	char name[MPI_MAX_PROCESSOR_NAME];
	int rank, size, len;
	double pi = 0;

	MPI_Init(&argc, &argv);
	MPI_Comm_rank(MPI_COMM_WORLD, &rank); /* which of the processes this is */
	MPI_Comm_size(MPI_COMM_WORLD, &size); /* how many there are */
	MPI_Get_processor_name(name, &len);
	printf("process %d of %d on %s\n", rank, size, name);
	fflush(stdout);

	long strips = argc > 1 ? atol(argv[1]) : 1000000;
	MPI_Bcast(&strips, 1, MPI_LONG, 0, MPI_COMM_WORLD); /* all have what process 0 has */

	double start = MPI_Wtime();
	double part = sum_strips(rank, size, strips);
	/* The sum of all parts, in process 0. */
	MPI_Reduce(&part, &pi, 1, MPI_DOUBLE, MPI_SUM, 0, MPI_COMM_WORLD);
	if (rank == 0)
		printf("pi is %.10f, the error %.1e, in %.3f s\n", pi, fabs(pi - acos(-1.0)),
		       MPI_Wtime() - start);

	MPI_Finalize();
	return 0;
}
