"""Computes a workload with another system, for `fuseloom bench`.

    peer.py SYSTEM WORKLOAD THREADS INPUT.npy... OUTPUT.npy

SYSTEM is numpy, numexpr, numba or jax. First it writes one line: `ready`, or `without` and why the system does not do this
workload. Then it answers lines on stdin:

    save    calls the workload, writes the result to OUTPUT.npy; answers the seconds of the call (the first one compiles)
    run N   calls it N times, with a fresh result each; answers the seconds all of them took
    peak    calls it; answers by how many bytes the process grew meanwhile, or -1 where the system does not tell
"""

import importlib
import os
import sys
import time


def limit_threads(threads):
    """Keeps this process on so many processors, and lets no library start more threads than that."""
    for library in ("OMP_NUM", "OPENBLAS_NUM", "MKL_NUM", "NUMEXPR_NUM", "NUMEXPR_MAX", "NUMBA_NUM"):
        os.environ[f"{library}_THREADS"] = str(threads)
    if hasattr(os, "sched_setaffinity"):
        allowed = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, allowed[:threads])


def find(workloads, name):
    """The entry of what comes before the dtype and the sizes: `chain5` for `chain5_f32_16m`."""
    key = name
    while key and key not in workloads:
        key = key.rpartition("_")[0]
    return workloads.get(key)


def memory(field):
    """A field of /proc/self/status in bytes; None where there is none."""
    try:
        with open("/proc/self/status") as status:
            for line in status:
                if line.startswith(field + ":"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return None


def peak(call):
    """By how many bytes this process grows while it calls; the memory it already holds free counts as grown by nothing."""
    try:
        # Starts the high-water mark anew.
        with open("/proc/self/clear_refs", "w") as refs:
            refs.write("5")
    except OSError:
        return -1
    before = memory("VmRSS")
    result = call()
    after = memory("VmHWM")
    del result
    return -1 if before is None or after is None else max(after - before, 0)


def main():
    system, name, threads, *inputs, output = sys.argv[1:]
    limit_threads(int(threads))
    import numpy as np

    module = importlib.import_module(f"with_{system}")
    function = find(module.WORKLOADS, name)
    if function is None:
        print(f"without {system} has no {name}", flush=True)
        return
    arrays = module.prepare([np.load(path) for path in inputs])
    print("ready", flush=True)

    def call():
        return module.finish(function(*arrays))

    for line in sys.stdin:
        command = line.split()
        if command[0] == "run":
            start = time.perf_counter()
            for _ in range(int(command[1])):
                call()
            print(time.perf_counter() - start, flush=True)
        elif command[0] == "peak":
            print(peak(call), flush=True)
        else:
            start = time.perf_counter()
            result = call()
            seconds = time.perf_counter() - start
            np.save(output, np.asarray(result))
            print(seconds, flush=True)


if __name__ == "__main__":
    main()
