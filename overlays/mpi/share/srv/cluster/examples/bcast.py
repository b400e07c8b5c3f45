# Broadcast: process 0 has something, and then all have it.
#   mpiexec.openmpi -n 4 python3 bcast.py
from mpi4py import MPI

comm = MPI.COMM_WORLD
data = {"strips": 1000, "what": "pi"} if comm.rank == 0 else None

data = comm.bcast(data, root=0)

print(f"process {comm.rank} of {comm.size} on {MPI.Get_processor_name()}: {data}", flush=True)
