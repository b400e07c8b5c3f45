# Scatter: process 0 has a list with a part for each process, and each gets its own.
#   mpiexec.openmpi -n 4 python3 scatter.py
from mpi4py import MPI

comm = MPI.COMM_WORLD
parts = [i * i for i in range(comm.size)] if comm.rank == 0 else None

part = comm.scatter(parts, root=0)

print(f"process {comm.rank} of {comm.size} on {MPI.Get_processor_name()}: {part}", flush=True)
