"""Computes a workload with another system, for `fuseloom bench`.

    peer.py SYSTEM THREADS OUTPUT.npy workload NAME INPUT.npy...
    peer.py SYSTEM THREADS OUTPUT.npy expression FILE NAME=INPUT.npy...

SYSTEM is numpy, numexpr, numba or jax; FILE has an expression, whose inputs have names. First it writes one line: `ready`, or
`without` and why the system does not do this. Then it answers lines on stdin:

    save    calls it, writes the result to OUTPUT.npy; answers the seconds of the call (the first one compiles), or `without`
            and why the system does not do this
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


def expression(module, file, inputs):
    """The function of an expression in a file, and the files of its inputs."""
    with open(file) as text:
        names, paths = zip(*(given.split("=", 1) for given in inputs)) if inputs else ((), ())
        return module.expression(text.read(), names), paths


def why(error):
    """An error in one line that is not too long."""
    line = " ".join(f"{type(error).__name__}: {error}".split())
    return line if len(line) <= 300 else line[:300] + "..."


def main():
    system, threads, output, kind, what, *inputs = sys.argv[1:]
    limit_threads(int(threads))
    import numpy as np

    # Infinities and NaNs are results like others.
    np.seterr(all="ignore")
    # A module has WORKLOADS, functions by name, and `expression`, which makes one of a text; and where its arrays are not NumPy's
    # or are not computed at once, `prepare` and `finish`.
    module = importlib.import_module(f"with_{system}")
    prepare = getattr(module, "prepare", list)
    finish = getattr(module, "finish", lambda result: result)
    try:
        if kind == "expression":
            function, inputs = expression(module, what, inputs)
        else:
            function = find(module.WORKLOADS, what)
    except Exception as error:
        print(f"without {why(error)}", flush=True)
        return
    if function is None:
        print(f"without {system} has no {what}", flush=True)
        return
    arrays = prepare([np.load(path) for path in inputs])
    print("ready", flush=True)

    def call():
        return finish(function(*arrays))

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
            try:
                start = time.perf_counter()
                result = call()
                seconds = time.perf_counter() - start
            except Exception as error:
                print(f"without {why(error)}", flush=True)
                return
            np.save(output, np.asarray(result))
            print(seconds, flush=True)


if __name__ == "__main__":
    main()
