#!/usr/bin/env bash
# numpy_validation_set.sh DIRECTORY: fetches NumPy's validation set of math functions, for `ulp --numpy-set DIRECTORY`, and
# rewrites the sample of it that `cargo test` uses (numpy_validation_sample.csv, beside this file).
set -euo pipefail
directory=$1
sample=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/numpy_validation_sample.csv
version=2.4.6

mkdir -p "$directory"
wheel=$(mktemp -d)
trap 'rm -rf "$wheel"' EXIT
python3 -m pip download --quiet --no-deps --only-binary=:all: --dest "$wheel" "numpy==$version"
python3 - "$wheel" "$directory" <<'PYTHON'
import pathlib, sys, zipfile
[wheel] = pathlib.Path(sys.argv[1]).glob("*.whl")
with zipfile.ZipFile(wheel) as files:
    for name in files.namelist():
        base = pathlib.PurePosixPath(name).name
        if base.startswith("umath-validation-set-"):
            (pathlib.Path(sys.argv[2]) / base).write_bytes(files.read(name))
PYTHON

{
    echo "# Every 16th line of the umath-validation-set-*.csv of the numpy $version wheel, after the function's name:"
    echo "# dtype,input,output,ulperrortol; what is hexadecimal is bits. Written by numpy_validation_set.sh."
    for file in "$directory"/umath-validation-set-*.csv; do
        name=$(basename "$file" .csv)
        tr -d '\r' <"$file" | awk -v name="${name#umath-validation-set-}" '/^np\./ && n++ % 16 == 0 { print name "," $0 }'
    done
} >"$sample"
