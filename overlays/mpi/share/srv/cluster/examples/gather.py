# Gather: each process has something, and process 0 gets all of it, in the order of the processes.
#   mpiexec.openmpi -n 4 python3 gather.py
from mpi4py import MPI

comm = MPI.COMM_WORLD

names = comm.gather(MPI.Get_processor_name(), root=0)

if comm.rank == 0:
    for rank, name in enumerate(names):
        print(f"process {rank} is on {name}")
