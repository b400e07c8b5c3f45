# Reduce: each process has a number, and process 0 gets their sum; op can be MPI.MAX and others, too.
#   mpiexec.openmpi -n 4 python3 reduce.py
from mpi4py import MPI

comm = MPI.COMM_WORLD

total = comm.reduce(comm.rank + 1, op=MPI.SUM, root=0)

if comm.rank == 0:
    print(f"1 + … + {comm.size} = {total}")
